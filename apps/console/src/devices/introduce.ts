// SPDX-License-Identifier: Apache-2.0
import type { RequestOf, ResponseOf } from '@casemate/policy/protocol'
import { and, eq, isNull } from '../db/drizzle.ts'
import { ConsoleError } from '../error.ts'
import type { Console } from '../organisation/console.ts'

/**
 * Names the organisation to whoever holds a code of it. A code that is used up or late is still introduced: a device whose answer was
 * lost asks again, and `enrol` says no.
 * @throws ConsoleError `enrolment-refused`
 */
export async function introduce({ db, organisation }: Console, { secretSha256 }: RequestOf<'introduce'>): Promise<ResponseOf<'introduce'>> {
  const { enrolmentCodes } = db.tables
  const [code] = await db
    .select()
    .from(enrolmentCodes)
    .where(and(eq(enrolmentCodes.secretHash, secretSha256), eq(enrolmentCodes.organisationId, organisation.id), isNull(enrolmentCodes.revokedAt)))
  if (code === undefined) throw new ConsoleError('enrolment-refused', 'this code is not known')
  const { id, title, contact } = organisation
  return { organisation: id, title, contact }
}
