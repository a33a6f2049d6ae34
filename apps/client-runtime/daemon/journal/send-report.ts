// SPDX-License-Identifier: Apache-2.0
import type { PublicJwk } from '@casemate/policy/jwk'
import { makeReport, verifyReceipt } from '@casemate/policy/report'
import type { Signer } from '@casemate/policy/token'
import { type ConsoleClient, ConsoleRefusal } from '../console/console-client.ts'
import type { Journal } from './journal-file.ts'

const linesAtOnce = 1000

export interface Reporter {
  readonly journal: Journal
  readonly console: ConsoleClient
  readonly device: string
  readonly signer: Signer
  readonly now: () => number
  readonly keys: () => Promise<(kid: string) => PublicJwk | undefined>
}

/** Console and device do not agree on what was written: `fork`, `ahead` or `behind`, as `linesAfter` says. */
export type ReportFault = 'fork' | 'ahead' | 'behind'

/**
 * Sends what the console has not receipted, until nothing is left.
 * @returns what is wrong between the two sides, or null.
 * @throws those of the call; PolicyError for a receipt that does not hold. Nothing is dropped then.
 */
export async function sendReports(reporter: Reporter): Promise<ReportFault | null> {
  const { journal } = reporter
  for (let before = -1; journal.unreceipted > 0 && journal.unreceipted !== before; ) {
    before = journal.unreceipted
    const fault = await takeReceipt(reporter, await sendOne(reporter))
    if (fault !== null) return fault
  }
  return null
}

/** @throws PolicyError `token-*`, `report-device`. */
export async function takeReceipt({ journal, device, keys }: Reporter, receipt: string): Promise<ReportFault | null> {
  return journal.receipted(await verifyReceipt(receipt, { device, keys: await keys() }))
}

/** The receipt; also the one with which the console says from where to go on. */
async function sendOne({ journal, console, device, signer, now }: Reporter): Promise<string> {
  const { lines, head } = await journal.excerpt(linesAtOnce)
  try {
    return (await console.call('sendReport', await makeReport(lines, head, { device, signer, now: now() }), { nonce: null })).receipt
  } catch (error) {
    if (error instanceof ConsoleRefusal && error.code === 'report-not-next' && error.token !== undefined) return error.token
    throw error
  }
}
