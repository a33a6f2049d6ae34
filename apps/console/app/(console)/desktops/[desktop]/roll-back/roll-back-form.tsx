'use client'
// SPDX-License-Identifier: Apache-2.0
import { Button, Group, Stack } from '@mantine/core'
import { useRouter } from 'next/navigation'
import { type FormEvent, useState } from 'react'
import { callConsole } from '../../../../console-call.ts'
import { FaultAlert } from '../../../../parts/fault.tsx'
import { Surface } from '../../../../parts/surface.tsx'
import { useAct } from '../../../../use-act.ts'
import { suggested, updateOf } from '../../../releases/typed-update.ts'
import { UpdateFields } from '../../../releases/update-fields.tsx'

export function RollBackForm({ desktop, to }: { readonly desktop: string; readonly to: number }) {
  const [update, setUpdate] = useState(suggested)
  const { busy, fault, act } = useAct()
  const router = useRouter()
  const stage = (event: FormEvent) => {
    event.preventDefault()
    return act(async () => {
      await callConsole('roll-back-release', { desktop, to, ...updateOf(update) })
      router.push('/approvals')
    })
  }
  return (
    <form onSubmit={(event) => void stage(event)}>
      <Surface title="Update" about="What the former release said of its own update is over.">
        <UpdateFields update={update} onUpdate={setUpdate} />
      </Surface>
      <Stack gap="sm">
        <FaultAlert fault={fault} />
        <Group>
          <Button type="submit" loading={busy}>
            Put forward for approval
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
