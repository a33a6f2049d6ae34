'use client'
// SPDX-License-Identifier: Apache-2.0
import { Button, Popover, PopoverDropdown, PopoverTarget, Stack, Text } from '@mantine/core'

/** What single-operator custody means, in plain words, on every page. */
export function CustodyBadge({ words }: { readonly words: readonly string[] }) {
  return (
    <Popover width={320} position="bottom-end" withArrow shadow="md">
      <PopoverTarget>
        <Button size="compact-xs" variant="light" color="orange" c="var(--mantine-color-text)" style={{ flexShrink: 0 }}>
          Single operator
        </Button>
      </PopoverTarget>
      <PopoverDropdown>
        <Stack gap="xs">
          <Text size="sm" fw={600}>
            This console alone can approve. Whoever owns this computer and the passphrase owns the fleet.
          </Text>
          {words.map((sentence) => (
            <Text key={sentence} size="sm">
              {sentence}
            </Text>
          ))}
        </Stack>
      </PopoverDropdown>
    </Popover>
  )
}
