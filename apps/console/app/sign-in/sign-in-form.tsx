'use client'
// SPDX-License-Identifier: Apache-2.0
import { Button, PasswordInput, Stack, TextInput } from '@mantine/core'
import { useRouter } from 'next/navigation'
import { signIn } from 'next-auth/react'
import { type FormEvent, useState } from 'react'
import { type Fault, FaultAlert } from '../parts/fault.tsx'

const wrong: Fault = { code: 'sign-in-refused', message: 'The login or the password is wrong, or this user is disabled or locked for a while.' }
const unreachable: Fault = { code: 'console-unreachable', message: '' }

/** What was typed as login stays when it is refused. */
export function SignInForm() {
  const [login, setLogin] = useState('')
  const [password, setPassword] = useState('')
  const [busy, setBusy] = useState(false)
  const [fault, setFault] = useState<Fault | null>(null)
  const router = useRouter()
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setFault(null)
    const answer = await signIn('credentials', { login, password, redirect: false }).catch(() => null)
    if (answer?.ok === true && !answer.error) {
      router.push('/')
      router.refresh()
      return
    }
    setBusy(false)
    setPassword('')
    setFault(answer === null || answer === undefined ? unreachable : wrong)
  }
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack gap="sm">
        <TextInput
          {...{ label: 'Login', name: 'login', autoComplete: 'username', autoCapitalize: 'none', required: true, autoFocus: true, value: login }}
          onChange={(event) => setLogin(event.currentTarget.value)}
        />
        <PasswordInput
          {...{ label: 'Password', name: 'password', autoComplete: 'current-password', required: true, value: password }}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <FaultAlert fault={fault} />
        <Button type="submit" loading={busy} mt={4}>
          Sign in
        </Button>
      </Stack>
    </form>
  )
}
