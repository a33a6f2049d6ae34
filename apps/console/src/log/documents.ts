// SPDX-License-Identifier: Apache-2.0
//
// What auditors keep: heads of the log, and proofs between them. Neither is secret. Hashes are hex.
import { parseStrictJson } from '@casemate/policy/strict-json'
import { z } from 'zod'
import { PublishError } from '../publish/error.ts'

const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const size = z.int().min(0)
const proof = z.array(sha256).max(64)

const head = z.strictObject({
  format: z.literal('casemate-log-head-1'),
  /** SHA-256 of the organisation's first root: whose log it is. */
  origin: sha256,
  /** Entries. */
  size,
  /** Of the Merkle tree (RFC 9162, 2.1). */
  root: sha256,
})

const entry = z.strictObject({
  role: z.enum(['policies', 'releases']),
  version: z.int().min(1),
  change: z.enum(['added', 'removed']),
  path: z.string().max(300),
  sha256,
  length: z.int().min(0),
})

const logProof = z.discriminatedUnion('kind', [
  /** That `entry` is the one at `index` of the log with that head. */
  z.strictObject({ format: z.literal('casemate-log-proof-1'), kind: z.literal('inclusion'), head, entry, index: size, proof }),
  /** That the log of `head` begins with that of `first`. */
  z.strictObject({ format: z.literal('casemate-log-proof-1'), kind: z.literal('consistency'), first: head, head, proof }),
])

export type LogHead = z.infer<typeof head>
export type LogProof = z.infer<typeof logProof>

const mostBytes = 65_536

/** @throws PublishError `log-file-invalid` */
export const readHead = (bytes: Uint8Array): LogHead => read('a head of the log', head, bytes)
/** @throws PublishError `log-file-invalid` */
export const readProof = (bytes: Uint8Array): LogProof => read('a proof of the log', logProof, bytes)

function read<T>(what: string, schema: z.ZodType<T>, bytes: Uint8Array): T {
  try {
    return schema.parse(parseStrictJson(bytes, { maxBytes: mostBytes, maxDepth: 5 }))
  } catch (cause) {
    throw new PublishError('log-file-invalid', `expected ${what}, found something else`, cause)
  }
}
