'use client'
// SPDX-License-Identifier: Apache-2.0
import { Alert, Button, Code, Divider, Group, NumberInput, PasswordInput, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { callConsole } from '../../console-call.ts'
import { FaultAlert } from '../../parts/fault.tsx'
import { useAct } from '../../use-act.ts'

export interface ActivationFormProps {
  readonly desktop: string
  /** Activations on all devices together; null: any number. */
  readonly most: number | null
  readonly hasPassword: boolean
  readonly keys: readonly { readonly uses: number; readonly usesAllowed: number | null }[]
}

/** What must be presented to activate the desktop, and how often; asked for only where the policy says so. */
export function ActivationForm({ desktop, most: limit, hasPassword, keys }: ActivationFormProps) {
  const [password, setPassword] = useState('')
  const [uses, setUses] = useState<string | number>('')
  const [most, setMost] = useState<string | number>(limit ?? '')
  const [said, setSaid] = useState<{ readonly title: string; readonly key: string | null } | null>(null)
  const { busy, fault, act } = useAct()
  const count = (value: string | number): number | null => (typeof value === 'number' ? value : null)
  const savePassword = () =>
    act(async () => {
      await callConsole('set-activation-password', { desktop, password })
      setPassword('')
      setSaid({ title: 'The activation password is set.', key: null })
    })
  const newKey = () =>
    act(async () => {
      const { key } = await callConsole('new-activation-key', { desktop, uses: count(uses) })
      setSaid({ title: 'New activation key, shown once', key })
    })
  const saveLimit = () =>
    act(async () => {
      await callConsole('limit-activations', { desktop, most: count(most) })
      setSaid({ title: 'The limit is set.', key: null })
    })
  return (
    <Stack gap="sm">
      <Group align="flex-end" gap="sm">
        <PasswordInput
          {...{
            label: 'Activation password',
            description: hasPassword ? 'One is set; a new one replaces it' : 'None is set',
            autoComplete: 'new-password',
            value: password,
            style: { flex: '1 1 14rem' },
          }}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <Button variant="default" disabled={busy || password === ''} onClick={() => void savePassword()}>
          Set password
        </Button>
      </Group>
      <Divider />
      <Group align="flex-end" gap="sm">
        <NumberInput
          {...{
            label: 'Uses of a new key',
            description: keysWords(keys),
            placeholder: 'any number',
            min: 1,
            allowDecimal: false,
            value: uses,
            onChange: setUses,
            style: { flex: '1 1 14rem' },
          }}
        />
        <Button variant="default" disabled={busy} onClick={() => void newKey()}>
          Make a key
        </Button>
      </Group>
      <Divider />
      <Group align="flex-end" gap="sm">
        <NumberInput
          {...{
            label: 'Activations on all devices',
            placeholder: 'any number',
            min: 1,
            allowDecimal: false,
            value: most,
            onChange: setMost,
            style: { flex: '1 1 14rem' },
          }}
        />
        <Button variant="default" disabled={busy} onClick={() => void saveLimit()}>
          Set limit
        </Button>
      </Group>
      {said === null ? null : (
        <Alert variant="light" color="petrol" title={said.title}>
          {said.key === null ? null : (
            <Text size="sm" className="long">
              <Code>{said.key}</Code>
            </Text>
          )}
        </Alert>
      )}
      <FaultAlert fault={fault} />
    </Stack>
  )
}

function keysWords(keys: ActivationFormProps['keys']): string {
  if (keys.length === 0) return 'No key was made'
  return `Keys: ${keys.map(({ uses, usesAllowed }) => `used ${uses} of ${usesAllowed ?? 'any number'}`).join(', ')}`
}
