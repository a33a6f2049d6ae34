'use client'
// SPDX-License-Identifier: Apache-2.0
import { useRouter } from 'next/navigation'
import { callConsole } from '../../../console-call.ts'
import { ConfirmButton } from '../../../parts/confirm-button.tsx'

export function DeleteMachine({ machine }: { readonly machine: string }) {
  const router = useRouter()
  return (
    <ConfirmButton
      label="Delete"
      title={`Delete ${machine}?`}
      about="Its disks are removed from this console. Packages that were sealed from it stay."
      confirm="Delete machine"
      work={async () => {
        await callConsole('delete-machine', { name: machine })
        router.push('/machines')
      }}
    />
  )
}
