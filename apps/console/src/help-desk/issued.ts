// SPDX-License-Identifier: Apache-2.0
//
// What this console issued, read again: for its own pages, and to hold what devices say they were granted against.
import { decodeBase64url } from '@casemate/policy/base64url'
import { type Override, override } from '@casemate/policy/override'
import { rescueBy } from '@casemate/policy/rescue-code'
import { parseStrictJson } from '@casemate/policy/strict-json'
import type { Transaction } from '../db/database.ts'
import { eq } from '../db/drizzle.ts'
import { ConsoleError } from '../error.ts'
import type { Console } from '../organisation/console.ts'
import { rescueCommitment } from './rescue-codes.ts'

/** Of a token out of this console's own database, whose signature is its own. @throws ConsoleError `data-invalid` */
export function readIssued(token: string): Override {
  try {
    return override.parse(parseStrictJson(decodeBase64url(token.split('.')[1] ?? '')))
  } catch (cause) {
    throw new ConsoleError('data-invalid', 'an override is not as it was kept', { cause })
  }
}

export interface Issued {
  readonly overrides: readonly Override[]
  /** Of overrides and of rescue codes that were read out. */
  readonly ids: ReadonlySet<string>
}

export async function issuedTo(
  { db, keys }: Pick<Console, 'db' | 'keys'>,
  device: { readonly id: string; readonly organisation: string; readonly jkt: string },
): Promise<Issued> {
  const overrides = await overridesOf(db, device.id)
  const ids = new Set(overrides.map(({ id }) => id))
  const { rescueCodes } = db.tables
  const readOut = await db.select().from(rescueCodes).where(eq(rescueCodes.deviceId, device.id))
  const owner = { iss: device.organisation, sub: device.id, cnf: { jkt: device.jkt } }
  for (const { seq, problem, number } of readOut) {
    const commitment = await rescueCommitment({ keys }, { device: device.id, seq, problem }, number)
    const used = rescueBy(commitment, owner, 'any', 0)
    if (used !== null) ids.add(used.id)
  }
  return { overrides, ids }
}

async function overridesOf(db: Transaction, device: string): Promise<readonly Override[]> {
  const { overrides } = db.tables
  const rows = await db.select({ token: overrides.token }).from(overrides).where(eq(overrides.deviceId, device))
  return rows.map(({ token }) => readIssued(token))
}
