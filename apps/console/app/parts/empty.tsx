// SPDX-License-Identifier: Apache-2.0
import { Group, Stack, Text, Title } from '@mantine/core'
import type { ReactNode } from 'react'

/** Where there is nothing yet: what would be here, and what to do next. */
export function Empty({ title, children, act }: { readonly title: string; readonly children: ReactNode; readonly act?: ReactNode }) {
  return (
    <Stack className="surface" align="center" gap={4} px="md" py={36} mb="md" ta="center">
      <Title order={2}>{title}</Title>
      <Text c="dimmed" size="sm" maw="34rem">
        {children}
      </Text>
      {act === undefined ? null : (
        <Group mt="sm" justify="center">
          {act}
        </Group>
      )}
    </Stack>
  )
}
