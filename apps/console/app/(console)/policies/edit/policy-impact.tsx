// SPDX-License-Identifier: Apache-2.0
import { Stack, Text } from '@mantine/core'
import type { ResultOf } from '../../../../web-door/door.ts'
import { Surface } from '../../../parts/surface.tsx'
import { DeviceGroups, Untouched } from '../../releases/device-groups.tsx'
import { groupImpact, untouchedOf } from '../../releases/group-impact.ts'

/** What each desktop that uses the policy would change on its devices, once a release of it uses this version. */
export function PolicyImpact({ preview: { name, version, desktops } }: { readonly preview: ResultOf<'preview-policy'> }) {
  return (
    <Surface title="Impact" about={`If the next release of each desktop uses ${name} ${version}, and nothing else changes.`}>
      {desktops.length === 0 ? (
        <Text size="sm">No published release uses a policy named {name}, so nothing changes anywhere until one does.</Text>
      ) : (
        <Stack gap="lg">
          {desktops.map((desktop) => (
            <section key={desktop.desktop} aria-label={`Impact on ${desktop.title}`}>
              <Text fw={650} mb={6} className="long">
                {desktop.title}, which uses {desktop.versions.join(', ')} in release {desktop.follows}
              </Text>
              <Stack gap="md">
                <DeviceGroups groups={groupImpact(desktop)} />
                {desktop.devices.length === 0 ? <Text size="sm">No device has this desktop.</Text> : <Untouched count={untouchedOf(desktop)} />}
              </Stack>
            </section>
          ))}
        </Stack>
      )}
    </Surface>
  )
}
