'use client'
// SPDX-License-Identifier: Apache-2.0
import { Code, CopyButton, Group, UnstyledButton } from '@mantine/core'

/** The beginning of a digest; all of it as a tooltip and by the button. */
export function Digest({ value, whole = false }: { readonly value: string | null; readonly whole?: boolean }) {
  if (value === null) return <>–</>
  return (
    <Group gap={6} wrap="nowrap" display="inline-flex">
      <Code title={value} className="long">
        {whole ? value : `${value.slice(0, 12)}…`}
      </Code>
      <CopyButton value={value}>
        {({ copied, copy }) => (
          <UnstyledButton onClick={copy} fz="xs" c="dimmed" aria-label={`Copy ${value.slice(0, 12)}`}>
            {copied ? 'copied' : 'copy'}
          </UnstyledButton>
        )}
      </CopyButton>
    </Group>
  )
}
