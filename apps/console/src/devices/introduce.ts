// SPDX-License-Identifier: Apache-2.0
import type { RequestOf, ResponseOf } from '@casemate/policy/protocol'
import { and, eq, isNull } from '../db/drizzle.ts'
import { ConsoleError } from '../error.ts'
import type { Console } from '../organisation/console.ts'
import { readTpmAuthorities } from './tpm-authorities.ts'
import { challengeTpm } from './verify-tpm.ts'

/**
 * Names the organisation to whoever holds a code of it. A code that is used up or late is still introduced: a device whose answer was
 * lost asks again, and `enrol` says no.
 * @throws ConsoleError `enrolment-refused`
 */
export async function introduce(console: Console, { secretSha256 }: RequestOf<'introduce'>): Promise<ResponseOf<'introduce'>> {
  await requireCode(console, secretSha256)
  const { id, title, contact } = console.organisation
  return { organisation: id, title, contact }
}

/** @throws ConsoleError `enrolment-refused`, `tpm-certificate-refused`, `tpm-key-refused` */
export async function challenge(console: Console, asked: RequestOf<'challengeTpm'>): Promise<ResponseOf<'challengeTpm'>> {
  await requireCode(console, asked.secretSha256)
  const { db, organisation } = console
  const verifier = { authorities: await readTpmAuthorities(db, organisation.id), key: console.keys.organisation, now: console.now() }
  return await challengeTpm(verifier, asked, console.random)
}

async function requireCode({ db, organisation }: Console, secretSha256: string): Promise<void> {
  const { enrolmentCodes } = db.tables
  const [code] = await db
    .select()
    .from(enrolmentCodes)
    .where(and(eq(enrolmentCodes.secretHash, secretSha256), eq(enrolmentCodes.organisationId, organisation.id), isNull(enrolmentCodes.revokedAt)))
  if (code === undefined) throw new ConsoleError('enrolment-refused', 'this code is not known')
}
