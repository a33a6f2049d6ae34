'use client'
// SPDX-License-Identifier: Apache-2.0
import { Button, Group, NativeSelect, Stack, Text, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { callConsole } from '../../console-call.ts'
import { FaultAlert } from '../../parts/fault.tsx'
import { useAct } from '../../use-act.ts'
import { type Assignee, assigneeWords, subjects } from './desktop-words.ts'

/** To whom a desktop is given: one assignment a line. */
export function AssignForm({ desktop, assignments }: { readonly desktop: string; readonly assignments: readonly Assignee[] }) {
  const [subject, setSubject] = useState<Assignee['subject']>('all')
  const [value, setValue] = useState('')
  const { busy, fault, act } = useAct()
  const assign = (event: FormEvent) => {
    event.preventDefault()
    return act(async () => {
      await callConsole('assign-desktop', { desktop, subject, value: subject === 'all' ? '' : value.trim() })
      setValue('')
    })
  }
  const unassign = (assignee: Assignee) =>
    act(async () => {
      await callConsole('unassign-desktop', { desktop, ...assignee })
    })
  return (
    <Stack gap="sm">
      {assignments.length === 0 ? (
        <Text size="sm" c="dimmed">
          Nobody has this desktop yet.
        </Text>
      ) : null}
      {assignments.map((assignee) => (
        <Group key={`${assignee.subject} ${assignee.value}`} justify="space-between" wrap="nowrap">
          <Text size="sm" className="long">
            {assigneeWords(assignee)}
          </Text>
          <Button
            size="xs"
            variant="default"
            disabled={busy}
            onClick={() => void unassign(assignee)}
            aria-label={`Take it from ${assigneeWords(assignee)}`}
          >
            Remove
          </Button>
        </Group>
      ))}
      <form onSubmit={(event) => void assign(event)}>
        <Group align="flex-end" gap="sm">
          <NativeSelect
            {...{ label: 'Assign to', value: subject, data: [...subjects], style: { flex: '0 1 10rem' } }}
            onChange={({ currentTarget }) => setSubject(subjects.find((one) => one.value === currentTarget.value)?.value ?? 'all')}
          />
          {subject === 'all' ? null : (
            <TextInput
              {...{ label: subject === 'device' ? 'Device’s identifier' : 'Name', required: true, value, style: { flex: '1 1 10rem' } }}
              onChange={(event) => setValue(event.currentTarget.value)}
            />
          )}
          <Button type="submit" loading={busy}>
            Assign
          </Button>
        </Group>
      </form>
      <FaultAlert fault={fault} />
    </Stack>
  )
}
