'use client'
// SPDX-License-Identifier: Apache-2.0
import { Button, Stack } from '@mantine/core'
import { callConsole } from '../../console-call.ts'
import { FaultAlert } from '../../parts/fault.tsx'
import { useAct } from '../../use-act.ts'

export function DemoGuestButton() {
  const { busy, fault, act } = useAct()
  const take = () =>
    act(async () => {
      await callConsole('register-demo-guest', {})
    })
  return (
    <Stack gap="xs" align="center">
      <Button variant="default" loading={busy} onClick={() => void take()}>
        Take the demo guest
      </Button>
      <FaultAlert fault={fault} />
    </Stack>
  )
}
