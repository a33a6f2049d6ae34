// SPDX-License-Identifier: Apache-2.0
//
// The lines since the last receipt, closed by a checkpoint that the device signs, answered by a receipt that the console signs. A line is
// kept by the device until its receipt is here; a line that the console has receipted can no longer be written otherwise.
import { z } from 'zod'
import { PolicyError } from '../error.ts'
import { instant, slug } from '../model/names.ts'
import type { EcPublicJwk, PublicJwk } from '../trust/jwk.ts'
import { type Signer, signToken, verifyToken } from '../trust/token.ts'
import { type ChainCheck, type ChainStart, checkChain, type Finding } from './chain.ts'
import { hashLine, type JournalHead, journalHead } from './journal.ts'

export const checkpointTyp = 'casemate-checkpoint+jwt'
export const receiptTyp = 'casemate-receipt+jwt'

/** What checkpoint and receipt say. */
export const headClaims = z.strictObject({ device: slug, seq: journalHead.shape.seq, head: journalHead.shape.sha256, iat: instant })

export const report = z.strictObject({
  format: z.literal('casemate-report-1'),
  device: slug,
  /** Raw lines without line breaks, from the one after the last receipt. */
  lines: z.array(z.string().max(16_384)).max(5000),
  /** JWS of the device over the head after these lines. */
  checkpoint: z.string().max(4096),
})

export type Report = z.infer<typeof report>

export interface ReportCheck extends ChainCheck {
  /** `checkpoint`: the device signed another head than its lines lead to. */
  readonly checkpoint: 'holds' | 'differs'
  /** A receipt may be given: every line can be read, follows the last receipt and is covered by the checkpoint. */
  readonly acceptable: boolean
}

export async function makeReport(
  lines: readonly string[],
  head: JournalHead,
  { device, signer, now }: { readonly device: string; readonly signer: Signer; readonly now: number },
): Promise<Report> {
  const claims = headClaims.parse({ device, seq: head.seq, head: head.sha256, iat: Math.floor(now) })
  return report.parse({ format: 'casemate-report-1', device, lines, checkpoint: await signToken(claims, { typ: checkpointTyp, signer }) })
}

/**
 * Everything that is wrong with a report; it flags, so that what a dishonest device sent is seen rather than lost.
 * @param start as of the last receipt.
 * @throws PolicyError `token-*` or `report-device` when the report is not signed by this device at all.
 */
export async function checkReport(
  received: Report,
  expected: { readonly device: string; readonly keys: (kid: string) => EcPublicJwk | undefined; readonly start: ChainStart },
): Promise<ReportCheck> {
  const { claims } = await verifyToken(received.checkpoint, {
    typ: checkpointTyp,
    alg: 'ES256',
    keys: expected.keys,
    claims: headClaims,
    maxBytes: 4096,
  })
  if (claims.device !== expected.device || received.device !== expected.device) {
    throw new PolicyError('report-device', `expected a report of \`${expected.device}\`, found one of \`${claims.device}\``)
  }
  const chain = await checkChain(received.lines, expected.start)
  const holds = claims.seq === chain.head.seq && claims.head === chain.head.sha256
  return { ...chain, checkpoint: holds ? 'holds' : 'differs', acceptable: holds && !chain.findings.some(breaksChain) }
}

/**
 * The head up to which lines may be dropped.
 * @throws PolicyError `token-*` or `report-device`.
 */
export async function verifyReceipt(
  token: string,
  expected: { readonly device: string; readonly keys: (kid: string) => PublicJwk | undefined },
): Promise<JournalHead> {
  const { claims } = await verifyToken(token, { typ: receiptTyp, alg: 'Ed25519', keys: expected.keys, claims: headClaims, maxBytes: 4096 })
  if (claims.device !== expected.device)
    throw new PolicyError('report-device', `expected a receipt for \`${expected.device}\`, found one for \`${claims.device}\``)
  return { seq: claims.seq, sha256: claims.head }
}

/**
 * The lines that the console does not have yet.
 * @param before head that `lines` follow.
 * @returns `fork`: the console has another line under the receipt's number. `ahead`: it has lines that this device does not, which was
 * set back or copied. `behind`: it lacks lines that were dropped here after it had receipted them.
 */
export async function linesAfter(
  lines: readonly string[],
  before: JournalHead,
  receipt: JournalHead,
): Promise<{ readonly lines: readonly string[] } | { readonly fault: 'fork' | 'ahead' | 'behind' }> {
  const known = receipt.seq - before.seq
  if (known < 0) return { fault: 'behind' }
  if (known > lines.length) return { fault: 'ahead' }
  const last = lines[known - 1]
  const sha256 = last === undefined ? before.sha256 : await hashLine(last)
  return sha256 === receipt.sha256 ? { lines: lines.slice(known) } : { fault: 'fork' }
}

/** Falling clocks and counts are told, and yet lines of this chain. */
function breaksChain({ kind }: Finding): boolean {
  return kind !== 'clock' && kind !== 'count-fell'
}
