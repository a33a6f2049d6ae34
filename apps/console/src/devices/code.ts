// SPDX-License-Identifier: Apache-2.0
import { createHash, randomUUID } from 'node:crypto'
import { writeEnrolmentCode } from '@casemate/policy/enrolment-code'
import { sha256Hex } from '@casemate/policy/sha256'
import { type Operator, requireRight } from '../access/actor.ts'
import { appendAudit } from '../audit/append.ts'
import type { Console } from '../organisation/console.ts'
import { readRepository } from '../publish/repository.ts'

export interface WantedCode {
  /** What the device's leases will claim; null: nobody's in particular. */
  readonly user: string | null
  readonly groups: readonly string[]
  readonly tags: readonly string[]
  readonly lifetimeSeconds: number
}

/** Where devices reach the console, and the TLS key that they will find there. */
export interface DeviceDoorAddress {
  readonly address: string
  readonly pin: string
}

export interface NewCode {
  readonly id: string
  /** Whoever reads it can enrol one device. */
  readonly code: string
  /** Unix seconds. */
  readonly expires: number
}

/** The secret is kept as a hash: the code cannot be shown again. */
export async function newEnrolmentCode(actor: Operator, console: Console, door: DeviceDoorAddress, wanted: WantedCode): Promise<NewCode> {
  requireRight(actor, 'device:enrol')
  const { db, repository, now, random } = console
  const secret = Buffer.from(random(16)).toString('hex')
  const rootSha256 = createHash('sha256')
    .update((await readRepository(repository)).root.bytes)
    .digest('hex')
  const expires = now() + wanted.lifetimeSeconds
  const code = writeEnrolmentCode({ rootSha256, ...door, secret, expires })
  const id = randomUUID()
  const secretHash = await hashOfSecret(secret)
  await db.transaction(async (tx) => {
    await tx.insert(tx.tables.enrolmentCodes).values({
      ...{ id, organisationId: actor.organisation, secretHash, userName: wanted.user, groups: wanted.groups, tags: wanted.tags },
      ...{ createdBy: actor.user, createdAt: new Date(now() * 1000), expiresAt: new Date(expires * 1000) },
    })
    const details = { user: wanted.user, groups: wanted.groups, tags: wanted.tags, expires }
    await appendAudit(tx, actor, now(), { action: 'enrolment-code.made', subject: id, details })
  })
  return { id, code, expires }
}

/** SHA-256 over the 32 hex digits as text: what a device's enrolment names, and what is kept here. */
export async function hashOfSecret(secret: string): Promise<string> {
  return await sha256Hex(new TextEncoder().encode(secret))
}
