'use client'
// SPDX-License-Identifier: Apache-2.0
import { Button, Group } from '@mantine/core'
import { callConsole } from '../../console-call.ts'
import { ConfirmButton } from '../../parts/confirm-button.tsx'
import { FaultAlert } from '../../parts/fault.tsx'
import { useAct } from '../../use-act.ts'

export function UserActs({ login, disabled }: { readonly login: string; readonly disabled: boolean }) {
  const { busy, fault, act } = useAct()
  const change = (wanted: 'enable' | 'sign-out') =>
    act(async () => {
      await callConsole('change-user', { login, change: wanted })
    })
  return (
    <Group gap="xs" justify="flex-end" wrap="nowrap">
      <FaultAlert fault={fault} />
      {disabled ? (
        <Button size="xs" variant="light" loading={busy} onClick={() => void change('enable')}>
          Enable
        </Button>
      ) : (
        <>
          <Button size="xs" variant="default" loading={busy} onClick={() => void change('sign-out')} aria-label={`Sign ${login} out everywhere`}>
            Sign out everywhere
          </Button>
          <ConfirmButton
            label="Disable"
            size="xs"
            title={`Disable ${login}?`}
            about="Their sessions end at once, and they cannot sign in until somebody enables them again."
            confirm="Disable user"
            work={async () => {
              await callConsole('change-user', { login, change: 'disable' })
            }}
          />
        </>
      )}
    </Group>
  )
}
