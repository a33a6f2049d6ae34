'use client'
// SPDX-License-Identifier: Apache-2.0
import { Button, Group, Stack, Text, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { mostBootSeconds } from '../../../../src/packages/boot-end.ts'
import { callConsole } from '../../../console-call.ts'
import { FaultAlert } from '../../../parts/fault.tsx'
import { UtcField } from '../../../parts/utc-field.tsx'
import { readUtc } from '../../../parts/utc-time.ts'
import { useAct } from '../../../use-act.ts'
import { BootFields, bootOf, firstBoot } from './boot-fields.tsx'
import { CustomizationFiles } from './customization-files.tsx'
import { type TypedFile, useCheckedFiles } from './use-checked-files.ts'
import { validityOf } from './validity.ts'

export function SealForm({ machine, ready }: { readonly machine: string; readonly ready: boolean }) {
  const [name, setName] = useState(machine)
  const [version, setVersion] = useState('1')
  const [notBefore, setNotBefore] = useState('')
  const [notAfter, setNotAfter] = useState('')
  const [boot, setBoot] = useState(firstBoot)
  const [files, setFiles] = useState<readonly TypedFile[]>([])
  const { checked, ...check } = useCheckedFiles(files)
  const { busy, fault, act } = useAct()
  const [from, until] = [readUtc(notBefore), readUtc(notAfter)]
  const reversed = from !== null && until !== null && until <= from
  const both = boot.mode === 'v86-warm' && files.length > 0 ? 'A guest that goes on from another boot never reads customization files.' : null
  const timed = boot.mode === 'none' || (Number.isInteger(boot.seconds) && boot.seconds >= 1 && boot.seconds <= mostBootSeconds)
  const seal = (event: FormEvent) => {
    event.preventDefault()
    return act(async () => {
      const customization = files.length === 0 ? {} : { customization: files.map(({ name: file, text }) => ({ name: file, text })) }
      await callConsole('seal-machine', { machine, package: { name, version }, ...validityOf(from, until), ...customization, ...bootOf(boot) })
    })
  }
  return (
    <form onSubmit={(event) => void seal(event)}>
      <Stack gap="md">
        <Group align="flex-start" gap="sm">
          <TextInput
            {...{ label: 'Package name', required: true, value: name, style: { flex: '1 1 12rem' } }}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <TextInput
            {...{ label: 'Package version', required: true, value: version, style: { flex: '0 1 9rem' } }}
            onChange={(event) => setVersion(event.currentTarget.value)}
          />
        </Group>
        <Group align="flex-start" gap="sm">
          <UtcField label="Not before" description="Left empty: devices run it at once" value={notBefore} onValue={setNotBefore} />
          <UtcField
            {...{ label: 'Not after', description: 'Left empty: devices run it without an end', value: notAfter, onValue: setNotAfter }}
            error={reversed ? 'Must be later than “Not before”.' : null}
          />
        </Group>
        <CustomizationFiles files={files} check={check} onFiles={setFiles} />
        <BootFields boot={boot} error={both} onBoot={setBoot} />
        <FaultAlert fault={fault} />
        <Group gap="sm">
          <Button type="submit" loading={busy} disabled={!ready || reversed || both !== null || !timed || !checked || check.faults.length > 0}>
            Seal
          </Button>
          {ready ? null : (
            <Text size="sm" c="dimmed">
              All disks must be here first.
            </Text>
          )}
        </Group>
      </Stack>
    </form>
  )
}
