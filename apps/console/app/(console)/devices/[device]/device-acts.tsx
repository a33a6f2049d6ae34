'use client'
// SPDX-License-Identifier: Apache-2.0
import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { type FormEvent, useState } from 'react'
import { callConsole } from '../../../console-call.ts'
import { FaultAlert } from '../../../parts/fault.tsx'
import { useAct } from '../../../use-act.ts'

export function DeviceActs({ device, name, revoked }: { readonly device: string; readonly name: string; readonly revoked: boolean }) {
  const [opened, { open, close }] = useDisclosure()
  const [why, setWhy] = useState('')
  const { busy, fault, act } = useAct()
  const confirm = async (event: FormEvent) => {
    event.preventDefault()
    const done = await act(async () => {
      if (revoked) await callConsole('reinstate-device', { device })
      else await callConsole('revoke-device', { device, why })
    })
    if (done) close()
  }
  return (
    <>
      <Button variant="light" color={revoked ? 'petrol' : 'red'} onClick={open}>
        {revoked ? 'Reinstate' : 'Revoke'}
      </Button>
      <Modal opened={opened} onClose={close} title={revoked ? `Reinstate ${name}?` : `Revoke ${name}?`} centered>
        <form onSubmit={(event) => void confirm(event)}>
          <Stack gap="sm">
            <Text size="sm">
              {revoked
                ? 'The device gets leases again and may run the desktops that are assigned to it.'
                : 'At its next contact the device suspends what runs and starts nothing more. Its user reads your reason.'}
            </Text>
            {revoked ? null : (
              <TextInput label="Reason" required maxLength={200} value={why} onChange={(event) => setWhy(event.currentTarget.value)} data-autofocus />
            )}
            <FaultAlert fault={fault} />
            <Group justify="flex-end" gap="xs">
              <Button variant="default" onClick={close}>
                Cancel
              </Button>
              <Button type="submit" color={revoked ? 'petrol' : 'red'} loading={busy} disabled={!revoked && why.trim() === ''}>
                {revoked ? 'Reinstate device' : 'Revoke device'}
              </Button>
            </Group>
          </Stack>
        </form>
      </Modal>
    </>
  )
}
