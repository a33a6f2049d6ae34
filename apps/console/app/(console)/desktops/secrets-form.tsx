'use client'
// SPDX-License-Identifier: Apache-2.0
import { Button, Divider, Group, PasswordInput, Stack, Text, TextInput } from '@mantine/core'
import { type FormEvent, Fragment, useState } from 'react'
import type { ResultOf } from '../../../web-door/door.ts'
import { callConsole } from '../../console-call.ts'
import { ConfirmButton } from '../../parts/confirm-button.tsx'
import { FaultAlert } from '../../parts/fault.tsx'
import { Moment } from '../../parts/moment.tsx'
import { StateBadge } from '../../parts/state-badge.tsx'
import { useAct } from '../../use-act.ts'

type Listed = ResultOf<'list-desktop-secrets'>

/** What the customization files of the desktop's package ask for, and what is set; values go in and never come back. */
export function SecretsForm({ desktop, listed: { secrets, readable } }: { readonly desktop: string; readonly listed: Listed }) {
  return (
    <Stack gap="sm">
      {readable ? null : (
        <Text size="sm" c="red">
          What the package asks for is not known: its customization files are missing or altered.
        </Text>
      )}
      {readable && !secrets.some(({ asked }) => asked) ? (
        <Text size="sm" c="dimmed">
          The published package asks for none.
        </Text>
      ) : null}
      {secrets.map((secret) => (
        <Fragment key={secret.name}>
          <KnownSecret desktop={desktop} secret={secret} />
          <Divider />
        </Fragment>
      ))}
      <ValueForm desktop={desktop} name={null} verb="Set" />
    </Stack>
  )
}

function KnownSecret({ desktop, secret: { name, asked, setAt } }: { readonly desktop: string; readonly secret: Listed['secrets'][number] }) {
  return (
    <Stack gap={6} component="section" aria-label={`Secret ${name}`}>
      <Group gap="xs">
        <Text fw={550} ff="monospace" size="sm" className="long">
          {name}
        </Text>
        {setAt === null ? <StateBadge state="waiting" words="not set" /> : <StateBadge state="ready" words="set" />}
        {setAt === null ? null : (
          <Text size="sm" c="dimmed">
            <Moment at={setAt} />
          </Text>
        )}
        {asked ? null : (
          <Text size="sm" c="dimmed">
            not asked for
          </Text>
        )}
      </Group>
      <Group align="flex-end" gap="sm">
        <ValueForm desktop={desktop} name={name} verb={setAt === null ? 'Set' : 'Replace'} />
        {setAt === null ? null : (
          <ConfirmButton
            label="Remove"
            title={`Remove the secret ${name}?`}
            about="Instances that were given it keep it; new ones that ask for it do not start without it."
            confirm="Remove secret"
            work={async () => {
              await callConsole('set-desktop-secret', { desktop, name, value: null })
            }}
          />
        )}
      </Group>
    </Stack>
  )
}

/** @param name null: it is typed too. */
function ValueForm({ desktop, name, verb }: { readonly desktop: string; readonly name: string | null; readonly verb: 'Set' | 'Replace' }) {
  const [typed, setTyped] = useState('')
  const [value, setValue] = useState('')
  const { busy, fault, act } = useAct()
  const save = (event: FormEvent) => {
    event.preventDefault()
    return act(async () => {
      await callConsole('set-desktop-secret', { desktop, name: name ?? typed, value })
      setValue('')
      setTyped('')
    })
  }
  return (
    <form onSubmit={(event) => void save(event)} style={name === null ? {} : { flex: '1 1 16rem' }}>
      <Stack gap="xs">
        <Group align="flex-end" gap="sm">
          {name === null ? (
            <TextInput
              {...{ label: 'Another secret', placeholder: 'name', required: true, maxLength: 32, value: typed, style: { flex: '1 1 10rem' } }}
              onChange={(event) => setTyped(event.currentTarget.value)}
            />
          ) : null}
          <PasswordInput
            {...{ label: name === null ? 'Value' : `Value of ${name}`, required: true, maxLength: 1024, autoComplete: 'new-password', value }}
            style={{ flex: '1 1 10rem' }}
            onChange={(event) => setValue(event.currentTarget.value)}
          />
          <Button type="submit" variant="default" loading={busy}>
            {name === null ? 'Set secret' : verb}
          </Button>
        </Group>
        <FaultAlert fault={fault} />
      </Stack>
    </form>
  )
}
