// SPDX-License-Identifier: Apache-2.0
//
// Only the console makes receipts: a device has no business with this file, and `tools/programs/client-contents.test.ts` keeps it out.
import { type Signer, signToken } from '../trust/token.ts'
import type { JournalHead } from './journal.ts'
import { headClaims, receiptTyp } from './report.ts'

/** The console's word that it has these lines. */
export async function makeReceipt(
  head: JournalHead,
  { device, signer, now }: { readonly device: string; readonly signer: Signer; readonly now: number },
): Promise<string> {
  return signToken(headClaims.parse({ device, seq: head.seq, head: head.sha256, iat: Math.floor(now) }), { typ: receiptTyp, signer })
}
