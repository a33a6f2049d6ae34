'use client'
// SPDX-License-Identifier: Apache-2.0
import { Button, Group, NativeSelect, SimpleGrid, Stack, TagsInput, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useState } from 'react'
import { callConsole } from '../../../console-call.ts'
import { FaultAlert } from '../../../parts/fault.tsx'
import { Surface } from '../../../parts/surface.tsx'
import { useAct } from '../../../use-act.ts'
import { CodeCard } from './code-card.tsx'

const lifetimes = [
  { value: '3600', label: '1 hour' },
  { value: '86400', label: '1 day' },
  { value: '604800', label: '1 week' },
  { value: '2592000', label: '30 days' },
]

/** Who the device's leases will speak of; then the code itself, shown once. */
export function CodeForm({ organisation }: { readonly organisation: string }) {
  const form = useForm<{ user: string; groups: string[]; tags: string[]; lifetime: string }>({
    initialValues: { user: '', groups: [], tags: [], lifetime: '86400' },
  })
  const [code, setCode] = useState<string | null>(null)
  const { busy, fault, act } = useAct()
  const make = form.onSubmit(({ user, groups, tags, lifetime }) =>
    act(async () => {
      const answer = await callConsole('new-code', {
        ...{ user: user.trim() === '' ? null : user.trim(), groups, tags },
        lifetimeSeconds: Number(lifetime),
      })
      setCode(answer.code)
    }),
  )
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
      <Surface title="For whom">
        <form onSubmit={(event) => void make(event)}>
          <Stack gap="sm">
            <TextInput label="User" description="As your directory names them; empty: nobody’s in particular" {...form.getInputProps('user')} />
            <TagsInput label="Groups" description="Press Enter after each" {...form.getInputProps('groups')} />
            <TagsInput label="Tags" description="Of the device: small letters, digits and hyphens" {...form.getInputProps('tags')} />
            <NativeSelect label="Valid for" data={lifetimes} {...form.getInputProps('lifetime')} />
            <FaultAlert fault={fault} />
            <Group>
              <Button type="submit" loading={busy}>
                Make code
              </Button>
            </Group>
          </Stack>
        </form>
      </Surface>
      {code === null ? null : <CodeCard code={code} organisation={organisation} />}
    </SimpleGrid>
  )
}
