'use client'
// SPDX-License-Identifier: Apache-2.0
import { Group, NativeSelect, NumberInput } from '@mantine/core'
import { defaultLimitSeconds, mostBootSeconds } from '../../../../src/packages/boot-end.ts'
import type { RequestOf } from '../../../../web-door/door.ts'

export type BootMode = 'auto' | 'none' | 'qemu' | 'v86' | 'v86-warm'

export interface WantedBoot {
  readonly mode: BootMode
  readonly seconds: number
}

/** On by itself: who seals seldom knows what it is good for, it costs time alone, and where it fails the package is sealed without. */
export const firstBoot: WantedBoot = { mode: 'auto', seconds: defaultLimitSeconds }

const modes: readonly { readonly value: BootMode; readonly label: string }[] = [
  { value: 'auto', label: 'recorded, if it runs here' },
  { value: 'none', label: 'not recorded' },
  { value: 'qemu', label: 'recorded on QEMU' },
  { value: 'v86', label: 'recorded on v86' },
  { value: 'v86-warm', label: 'recorded on v86; first starts go on from it' },
]

/** What `seal-machine` takes of it. */
export function bootOf({ mode, seconds }: WantedBoot): Partial<Pick<RequestOf<'seal-machine'>, 'recordBoot'>> {
  if (mode === 'none') return {}
  return { recordBoot: { seconds, engine: mode === 'v86-warm' ? 'v86' : mode, warmState: mode === 'v86-warm' } }
}

export interface BootFieldsProps {
  readonly boot: WantedBoot
  readonly error: string | null
  readonly onBoot: (boot: WantedBoot) => void
}

/** Whether the console boots what it seals once, and for how long at most. */
export function BootFields({ boot, error, onBoot }: BootFieldsProps) {
  return (
    <Group align="flex-start" gap="sm">
      <NativeSelect
        {...{ label: 'First boot', description: 'Over a slow line devices then fetch first what it reads', error, style: { flex: '1 1 15rem' } }}
        {...{ data: [...modes], value: boot.mode }}
        onChange={(event) => onBoot({ ...boot, mode: modes.find(({ value }) => value === event.currentTarget.value)?.value ?? 'none' })}
      />
      <NumberInput
        {...{
          label: 'Seconds at most',
          description: 'It ends a minute after its last new read',
          min: 1,
          max: mostBootSeconds,
          allowDecimal: false,
          style: { flex: '0 1 15rem' },
        }}
        {...{ value: boot.seconds, disabled: boot.mode === 'none' }}
        onChange={(seconds) => onBoot({ ...boot, seconds: Number(seconds) })}
      />
    </Group>
  )
}
