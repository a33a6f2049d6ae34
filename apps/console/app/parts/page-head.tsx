// SPDX-License-Identifier: Apache-2.0
import { Group, Stack, Text, Title } from '@mantine/core'
import type { ReactNode } from 'react'
import { TextLink } from './text-link.tsx'

export interface PageHeadProps {
  readonly title: string
  /** One sentence: what this page is for. */
  readonly about?: ReactNode
  /** The page above this one. */
  readonly up?: { readonly href: string; readonly label: string }
  readonly children?: ReactNode
}

/** Title on the left, the page's acts on the right; below each other where it is narrow. */
export function PageHead({ title, about, up, children }: PageHeadProps) {
  return (
    <Group justify="space-between" align="flex-start" gap="sm" mb="md">
      <Stack gap={2} style={{ minWidth: 0, flex: '1 1 18rem' }}>
        {up === undefined ? null : (
          <Text size="sm" component="div">
            <TextLink href={up.href}>← {up.label}</TextLink>
          </Text>
        )}
        <Title order={1} className="long">
          {title}
        </Title>
        {about === undefined ? null : (
          <Text c="dimmed" size="sm" maw="46rem">
            {about}
          </Text>
        )}
      </Stack>
      {children === undefined ? null : <Group gap="xs">{children}</Group>}
    </Group>
  )
}
