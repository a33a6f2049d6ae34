'use client'
// SPDX-License-Identifier: Apache-2.0
import { PolicyError } from '@casemate/policy/error'
import { Button, FileInput, Group, PasswordInput, Progress, Stack, Text } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import type { ShownVersion } from '../../../src/approvals/check-waiting.ts'
import { PublishError } from '../../../src/publish/error.ts'
import type { RequestOf } from '../../../web-door/door.ts'
import { CallError, callConsole } from '../../console-call.ts'
import { FaultAlert } from '../../parts/fault.tsx'
import { useAct } from '../../use-act.ts'
import { signInPage } from './sign-in-page.ts'
import { SignedBytes } from './signed-bytes.tsx'

export interface KeyFileFormProps {
  readonly role: RequestOf<'approve'>['role']
  readonly version: ShownVersion
}

/** Approves with a key file of the approver's own; nothing of it leaves the page. */
export function KeyFileForm({ role, version }: KeyFileFormProps) {
  const [file, setFile] = useState<File | null>(null)
  const [passphrase, setPassphrase] = useState('')
  const [share, setShare] = useState(0)
  const { busy, fault, act } = useAct()
  const sign = (event: FormEvent) => {
    event.preventDefault()
    if (file === null) return
    return act(async () => {
      setShare(0)
      const signature = await refusing(async () => await signInPage(version, { text: await readKeyFile(file), passphrase, onProgress: setShare }))
      setPassphrase('')
      setFile(null)
      await callConsole('approve', { role, reviewed: version.sha256, signature })
    })
  }
  return (
    <form aria-label="Sign with a key file" onSubmit={(event) => void sign(event)}>
      <Stack gap="sm">
        <FaultAlert fault={fault} />
        <SignedBytes version={version} />
        <Group align="flex-end" gap="sm">
          <FileInput
            label="Your key file"
            placeholder="Choose a file"
            value={file}
            onChange={setFile}
            clearable
            style={{ flex: '1 1 14rem', maxWidth: '24rem' }}
          />
          <PasswordInput
            label="Its passphrase"
            autoComplete="off"
            value={passphrase}
            onChange={(event) => setPassphrase(event.currentTarget.value)}
            style={{ flex: '1 1 14rem', maxWidth: '24rem' }}
          />
          <Button type="submit" variant="default" loading={busy} disabled={file === null || passphrase === ''}>
            Sign in this page
          </Button>
        </Group>
        {busy ? <Progress value={share * 100} aria-label="Opening the key" /> : null}
        <Text size="sm" c="dimmed">
          Key and passphrase stay in this page; the signature alone is sent. This page comes from the console, so the key counts as held by it from
          then on: <code>casemate-admin approve --role {role} --key FILE</code> is the strong way.
        </Text>
      </Stack>
    </form>
  )
}

async function readKeyFile(file: File): Promise<string> {
  if (file.size > 8192) throw new PolicyError('sealed-key-invalid', `expected a sealed key file of at most 8192 bytes, found ${file.size}`)
  return await file.text()
}

/** What is refused in the page is told like what the console refuses. */
async function refusing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof PolicyError || error instanceof PublishError) throw new CallError(error.code, error.message)
    throw error
  }
}
