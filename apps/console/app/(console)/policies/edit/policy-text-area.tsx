'use client'
// SPDX-License-Identifier: Apache-2.0
import { Anchor, Textarea } from '@mantine/core'
import type { PolicyFault } from './use-checked-policy.ts'

interface PolicyTextAreaProps {
  readonly text: string
  readonly onText: (text: string) => void
  readonly faults: readonly PolicyFault[]
}

export function PolicyTextArea({ text, onText, faults }: PolicyTextAreaProps) {
  return (
    <Textarea
      {...{ label: 'Policy as YAML', autosize: true, minRows: 16, maxRows: 40, spellCheck: false, value: text }}
      description={
        <>
          The same document as in the form. Comments stay. For an editor of your own:{' '}
          <Anchor href="/policy.schema.json" fz="inherit">
            the JSON Schema
          </Anchor>
          .
        </>
      }
      error={faults.length > 0}
      onChange={(event) => onText(event.currentTarget.value)}
      styles={{
        input: {
          fontFamily: 'var(--mantine-font-family-monospace)',
          fontSize: '0.82rem',
          lineHeight: 1.6,
          background: 'var(--surface)',
          color: 'var(--mantine-color-text)',
        },
      }}
    />
  )
}
