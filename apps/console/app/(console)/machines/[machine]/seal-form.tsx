'use client'
// SPDX-License-Identifier: Apache-2.0
import { Button, Group, Stack, Text, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { callConsole } from '../../../console-call.ts'
import { FaultAlert } from '../../../parts/fault.tsx'
import { useAct } from '../../../use-act.ts'

export function SealForm({ machine, ready }: { readonly machine: string; readonly ready: boolean }) {
  const [name, setName] = useState(machine)
  const [version, setVersion] = useState('1')
  const { busy, fault, act } = useAct()
  const seal = (event: FormEvent) => {
    event.preventDefault()
    return act(async () => {
      await callConsole('seal-machine', { machine, package: { name, version } })
    })
  }
  return (
    <form onSubmit={(event) => void seal(event)}>
      <Stack gap="sm">
        <Group align="flex-end" gap="sm">
          <TextInput
            label="Package name"
            required
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            style={{ flex: '1 1 12rem' }}
          />
          <TextInput
            label="Package version"
            required
            value={version}
            onChange={(event) => setVersion(event.currentTarget.value)}
            style={{ flex: '0 1 9rem' }}
          />
          <Button type="submit" loading={busy} disabled={!ready}>
            Seal
          </Button>
        </Group>
        {ready ? null : (
          <Text size="sm" c="dimmed">
            All disks must be here first.
          </Text>
        )}
        <FaultAlert fault={fault} />
      </Stack>
    </form>
  )
}
