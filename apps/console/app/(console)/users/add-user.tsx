'use client'
// SPDX-License-Identifier: Apache-2.0
import { Alert, Button, Checkbox, CheckboxGroup, Code, Group, SimpleGrid, Stack, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useState } from 'react'
import type { RequestOf } from '../../../web-door/door.ts'
import { callConsole } from '../../console-call.ts'
import { FaultAlert } from '../../parts/fault.tsx'
import { Surface } from '../../parts/surface.tsx'
import { useAct } from '../../use-act.ts'

type Role = RequestOf<'add-user'>['roles'][number]

const roles: readonly { readonly role: Role; readonly about: string }[] = [
  { role: 'administrator', about: 'everything' },
  { role: 'author', about: 'machines, policies, releases up to their approval' },
  { role: 'publisher', about: 'approves and assigns' },
  { role: 'help-desk', about: 'enrols and revokes devices' },
  { role: 'auditor', about: 'reads, changes nothing' },
]

/** The password is made by the console and shown once. */
export function AddUser() {
  const form = useForm<{ login: string; name: string; roles: Role[] }>({
    initialValues: { login: '', name: '', roles: [] },
    validate: { roles: (chosen) => (chosen.length === 0 ? 'Choose at least one' : null) },
  })
  const [made, setMade] = useState<{ readonly login: string; readonly password: string | null } | null>(null)
  const { busy, fault, act } = useAct()
  const add = form.onSubmit((wanted) =>
    act(async () => {
      setMade(await callConsole('add-user', { ...wanted, password: null }))
      form.reset()
    }),
  )
  return (
    <Surface title="Add a user">
      <form onSubmit={(event) => void add(event)}>
        <Stack gap="sm">
          <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
            <TextInput label="Login" description="Small letters, digits, dot, hyphen" required {...form.getInputProps('login')} />
            <TextInput label="Name" description="As the audit and people call them" required {...form.getInputProps('name')} />
          </SimpleGrid>
          <CheckboxGroup label="Roles" required {...form.getInputProps('roles')}>
            <Stack gap={6} mt={6}>
              {roles.map(({ role, about }) => (
                <Checkbox key={role} value={role} label={`${role}: ${about}`} />
              ))}
            </Stack>
          </CheckboxGroup>
          <FaultAlert fault={fault} />
          {made?.password === null || made === null ? null : (
            <Alert color="petrol" variant="light" title={`${made.login} may sign in`}>
              Password, shown once: <Code>{made.password}</Code>
            </Alert>
          )}
          <Group>
            <Button type="submit" loading={busy}>
              Add user
            </Button>
          </Group>
        </Stack>
      </form>
    </Surface>
  )
}
