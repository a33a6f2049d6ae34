'use client'
// SPDX-License-Identifier: Apache-2.0
import { Code, Stack, Text } from '@mantine/core'
import { useEffect, useState } from 'react'
import { type CheckedVersion, checkShown, type ShownVersion } from '../../../src/approvals/check-waiting.ts'
import { type Fault, FaultAlert } from '../../parts/fault.tsx'

/** What the very bytes say that would be signed, parsed in the page; the fault where what is shown above is not in them. */
export function SignedBytes({ version }: { readonly version: ShownVersion }) {
  const [read, setRead] = useState<CheckedVersion['signed'] | null>(null)
  const [fault, setFault] = useState<Fault | null>(null)
  useEffect(() => {
    let current = true
    const settle = (signed: CheckedVersion['signed'] | null, why: Fault | null) => {
      if (!current) return
      setRead(signed)
      setFault(why)
    }
    checkShown(version).then(
      ({ signed }) => settle(signed, null),
      (error: unknown) => settle(null, { code: 'pending-altered', message: String(error) }),
    )
    return () => {
      current = false
    }
  }, [version])
  if (fault !== null || read === null) return <FaultAlert fault={fault} />
  const { version: number, expires } = read
  const paths = read._type === 'targets' ? Object.keys(read.targets).sort() : []
  const roles = read._type === 'root' ? Object.entries(read.roles).map(([name, role]) => ({ name, ...role })) : (read.delegations?.roles ?? [])
  return (
    <details>
      <Text component="summary" size="sm" py={6} style={{ cursor: 'pointer' }}>
        The bytes themselves say: {read._type}, version {number}, valid until {expires.slice(0, 10)}; documents: {paths.length}
        {roles.length === 0 ? '' : `, roles with keys: ${roles.length}`}
      </Text>
      <Stack gap={2}>
        {paths.map((path) => (
          <Code key={path} className="long">
            {path}
          </Code>
        ))}
        {roles.map(({ name, threshold, keyids }) => (
          <Text key={name} size="sm" className="long">
            {name}: {threshold} of {keyids.map((id) => `${id.slice(0, 12)}…`).join(', ')}
          </Text>
        ))}
      </Stack>
    </details>
  )
}
