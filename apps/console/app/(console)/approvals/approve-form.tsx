'use client'
// SPDX-License-Identifier: Apache-2.0
import { Button, Group, PasswordInput, Stack, Text } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import type { RequestOf } from '../../../web-door/door.ts'
import { callConsole } from '../../console-call.ts'
import { FaultAlert } from '../../parts/fault.tsx'
import { useAct } from '../../use-act.ts'

export interface ApproveFormProps {
  readonly role: RequestOf<'withdraw'>['role']
  /** SHA-256 of the bytes that are shown. */
  readonly reviewed: string
  /** This console holds the approver's key. */
  readonly here: boolean
}

export function ApproveForm({ role, reviewed, here }: ApproveFormProps) {
  const [passphrase, setPassphrase] = useState('')
  const { busy, fault, act } = useAct()
  const approve = (event: FormEvent) => {
    event.preventDefault()
    return act(async () => {
      await callConsole('sign-with-console-key', { role, reviewed, passphrase })
      setPassphrase('')
    })
  }
  const withdraw = () =>
    act(async () => {
      await callConsole('withdraw', { role })
    })
  return (
    <form onSubmit={(event) => void approve(event)}>
      <Stack gap="sm">
        <FaultAlert fault={fault} />
        <Group align="flex-end" gap="sm">
          {here ? (
            <>
              <PasswordInput
                label="Passphrase of the organisation’s keys"
                autoComplete="off"
                required
                value={passphrase}
                onChange={(event) => setPassphrase(event.currentTarget.value)}
                style={{ flex: '1 1 16rem', maxWidth: '24rem' }}
              />
              <Button type="submit" loading={busy} disabled={passphrase === ''}>
                Sign and approve
              </Button>
            </>
          ) : (
            <Text size="sm" style={{ flex: '1 1 16rem' }}>
              The strong way is to sign where your key is: <code>casemate-admin approve --role {role} --key FILE</code>
            </Text>
          )}
          <Button variant="default" disabled={busy} onClick={() => void withdraw()}>
            Withdraw
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
