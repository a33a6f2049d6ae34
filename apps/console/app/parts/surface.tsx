// SPDX-License-Identifier: Apache-2.0
import { Box, Group, Text, Title } from '@mantine/core'
import type { ReactNode } from 'react'

export interface SurfaceProps {
  readonly title?: string
  readonly about?: ReactNode
  /** On the right of the title. */
  readonly side?: ReactNode
  /** A table reaches the edges. */
  readonly flush?: boolean
  readonly children: ReactNode
}

/** One bordered part of a page. */
export function Surface({ title, about, side, flush = false, children }: SurfaceProps) {
  return (
    <Box component="section" className="surface" aria-label={title} mb="md">
      {title === undefined ? null : (
        <Group justify="space-between" gap="xs" px="md" pt="sm" pb={flush ? 'xs' : 0}>
          <div>
            <Title order={2}>{title}</Title>
            {about === undefined ? null : (
              <Text c="dimmed" size="sm">
                {about}
              </Text>
            )}
          </div>
          {side}
        </Group>
      )}
      <Box p={flush ? 0 : 'md'} className={flush ? 'scroll' : ''}>
        {children}
      </Box>
    </Box>
  )
}
