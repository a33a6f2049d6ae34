// SPDX-License-Identifier: Apache-2.0
import { Stack, Text } from '@mantine/core'
import type { ResultOf } from '../../../web-door/door.ts'
import { StateBadge } from '../../parts/state-badge.tsx'
import { Surface } from '../../parts/surface.tsx'

/** How many keys of each role were unlocked where the console could have seen them. */
export function KeyCustody({ roles }: { readonly roles: ResultOf<'list-key-custody'>['roles'] }) {
  return (
    <Surface title="Keys unlocked in pages" about="A key that was unlocked in a page or by the console counts as held by it, for good.">
      <Stack gap="xs">
        {roles.map(({ role, threshold, unlocked }) => (
          <Text key={role} size="sm" component="div">
            {role}: unlocked in pages: {unlocked.length} of threshold {threshold}{' '}
            <StateBadge
              state={unlocked.length < threshold ? 'active' : 'waiting'}
              words={unlocked.length < threshold ? 'survives a lost console' : 'a lost console loses it'}
            />
          </Text>
        ))}
      </Stack>
    </Surface>
  )
}
