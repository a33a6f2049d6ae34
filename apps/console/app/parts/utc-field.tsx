'use client'
// SPDX-License-Identifier: Apache-2.0
import { Text, TextInput } from '@mantine/core'
import { readUtc } from './utc-time.ts'

export interface UtcFieldProps {
  readonly label: string
  /** While nothing is typed. */
  readonly description: string
  readonly required?: boolean
  readonly value: string
  readonly error?: string | null
  readonly onValue: (value: string) => void
}

/** A date and a time in UTC; below it, the same moment where the reader is. */
export function UtcField({ label, description, required = false, value, error = null, onValue }: UtcFieldProps) {
  const at = readUtc(value)
  const here =
    at === null ? description : `${new Date(at * 1000).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' })} where you are`
  const zone = (
    <Text size="xs" c="dimmed" component="span">
      UTC
    </Text>
  )
  return (
    <TextInput
      {...{ type: 'datetime-local', label: `${label} (UTC)`, description: here, required, value, error, style: { flex: '1 1 15rem' } }}
      {...{ rightSection: zone, rightSectionWidth: 44, rightSectionPointerEvents: 'none' }}
      onChange={(event) => onValue(event.currentTarget.value)}
    />
  )
}
