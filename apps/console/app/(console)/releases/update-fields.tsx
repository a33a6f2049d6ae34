'use client'
// SPDX-License-Identifier: Apache-2.0
import { NativeSelect, NumberInput, SimpleGrid } from '@mantine/core'
import { UtcField } from '../../parts/utc-field.tsx'
import { mostKept, type TypedUpdate } from './typed-update.ts'

export interface UpdateFieldsProps {
  readonly update: TypedUpdate
  readonly onUpdate: (update: TypedUpdate) => void
}

const ways = [
  { value: 'suggested', label: 'suggested' },
  { value: 'forced', label: 'forced from a time on' },
]

/** How devices come to a release: when, and what of the former ones stays there. */
export function UpdateFields({ update, onUpdate }: UpdateFieldsProps) {
  const { keep, forced, forceAt } = update
  return (
    <SimpleGrid cols={{ base: 1, sm: 3 }} spacing="sm">
      <NativeSelect
        {...{ label: 'Update is', data: ways, value: forced ? 'forced' : 'suggested' }}
        description={forced ? 'Sessions of another package are suspended then' : 'Running sessions go on until they are ended'}
        onChange={(event) => onUpdate({ ...update, forced: event.currentTarget.value === 'forced' })}
      />
      {forced ? (
        <UtcField
          {...{ label: 'Forced from', description: 'A time that is past: at once', required: true, value: forceAt }}
          onValue={(value) => onUpdate({ ...update, forceAt: value })}
        />
      ) : null}
      <NumberInput
        {...{ label: 'Former releases kept', description: 'System disks that stay once this one has booted', value: keep, min: 0, max: mostKept }}
        {...{ allowDecimal: false, allowNegative: false, clampBehavior: 'strict' as const }}
        onChange={(value) => onUpdate({ ...update, keep: value })}
      />
    </SimpleGrid>
  )
}
