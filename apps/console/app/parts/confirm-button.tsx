'use client'
// SPDX-License-Identifier: Apache-2.0
import { Button, Group, Modal, Stack, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useAct } from '../use-act.ts'
import { FaultAlert } from './fault.tsx'

export interface ConfirmButtonProps {
  readonly label: string
  readonly title: string
  /** What it will do. */
  readonly about: string
  /** On the button that does it. */
  readonly confirm: string
  readonly size?: string
  readonly work: () => Promise<void>
}

/** An act that takes something away: asks first. */
export function ConfirmButton({ label, title, about, confirm, size = 'sm', work }: ConfirmButtonProps) {
  const [opened, { open, close }] = useDisclosure()
  const { busy, fault, act } = useAct()
  const run = async () => {
    if (await act(work)) close()
  }
  return (
    <>
      <Button variant="light" color="red" size={size} onClick={open}>
        {label}
      </Button>
      <Modal opened={opened} onClose={close} title={title} centered>
        <Stack gap="sm">
          <Text size="sm">{about}</Text>
          <FaultAlert fault={fault} />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button color="red" loading={busy} onClick={() => void run()}>
              {confirm}
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  )
}
