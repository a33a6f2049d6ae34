// SPDX-License-Identifier: Apache-2.0
import { Stack, Text } from '@mantine/core'
import type { ResultOf } from '../../../web-door/door.ts'
import { sizeWords } from '../../parts/size-words.ts'
import { Surface } from '../../parts/surface.tsx'
import { DeviceGroups, Untouched } from './device-groups.tsx'
import { groupImpact, untouchedOf } from './group-impact.ts'

/** What publishing would change, in words, and on which devices. */
export function Impact({ impact }: { readonly impact: ResultOf<'preview-release'> }) {
  const { follows, serial, devices, transfer } = impact
  const groups = groupImpact(impact)
  return (
    <Surface
      title="Impact"
      about={
        follows === null
          ? `Release ${serial}, the desktop’s first: changes are against the defaults.`
          : `Release ${serial}, against release ${follows}.`
      }
    >
      <Stack gap="md">
        {devices.length === 0 ? (
          <Text size="sm">No device has this desktop yet, so nothing changes anywhere. Assign the desktop after the release is published.</Text>
        ) : null}
        <DeviceGroups groups={groups} />
        {transfer === null ? (
          <Text size="sm" c="red">
            What is sent is not known: a part of the package’s index is missing or altered.
          </Text>
        ) : (
          <Text size="sm">
            {follows === null
              ? `A device fetches ${sizeWords(transfer.whole.bytes)} in all.`
              : `A device that holds release ${follows} whole fetches ${sizeWords(transfer.update.bytes)}, another one ${sizeWords(transfer.whole.bytes)} in all.`}
          </Text>
        )}
        <Untouched count={untouchedOf(impact)} />
      </Stack>
    </Surface>
  )
}
