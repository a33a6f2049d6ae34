// SPDX-License-Identifier: Apache-2.0
import { Group, Stack, Text } from '@mantine/core'
import type { ResultOf } from '../../../web-door/door.ts'
import { StateBadge } from '../../parts/state-badge.tsx'
import { Surface } from '../../parts/surface.tsx'

export interface KeyCustodyProps {
  readonly roles: ResultOf<'list-key-custody'>['roles']
  /** This console holds the keys of every role. */
  readonly here: boolean
}

/** How many keys of each role were unlocked where the console could have seen them, and what its loss would mean. */
export function KeyCustody({ roles, here }: KeyCustodyProps) {
  return (
    <Surface title="Keys unlocked in pages" about="A key that was unlocked in a page or by the console counts as held by it, for good.">
      <Stack gap="xs">
        {roles.map(({ role, threshold, unlocked }) => (
          <Group key={role} gap="xs">
            <Text size="sm">
              {role}: {unlocked.length} unlocked, {threshold} needed to sign
            </Text>
            {here ? (
              <StateBadge state="waiting" words="held by this console" />
            ) : unlocked.length < threshold ? (
              <StateBadge state="active" words="survives a lost console" />
            ) : (
              <StateBadge state="waiting" words="lost with the console" />
            )}
          </Group>
        ))}
      </Stack>
    </Surface>
  )
}
