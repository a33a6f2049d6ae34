// SPDX-License-Identifier: Apache-2.0
//
// Heads of the log as the console's online key signed them: an auditor who kept two that do not fit together can show it to others.
import type { PublicJwk } from '@casemate/policy/jwk'
import { instant } from '@casemate/policy/names'
import { type Signer, signToken, verifyToken } from '@casemate/policy/token'
import { z } from 'zod'
import { PublishError } from '../publish/error.ts'
import type { LogHead } from './documents.ts'

const typ = 'casemate-log-head+jwt'
const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
/** `iss`: SHA-256 of the organisation's first root. */
const claims = z.strictObject({ iss: sha256, size: z.int().min(0), root: sha256, iat: instant })

export interface SignedHead {
  readonly head: LogHead
  /** When it was signed, Unix seconds. */
  readonly iat: number
}

/** @param iat Unix seconds */
export async function signHead({ origin, size, root }: LogHead, signer: Signer, iat: number): Promise<string> {
  return await signToken({ iss: origin, size, root, iat }, { typ, signer })
}

/**
 * @param keys the approved online keys
 * @throws PolicyError `token-*`
 */
export async function readSignedHead(token: string, keys: (kid: string) => PublicJwk | undefined): Promise<SignedHead> {
  const { iss, size, root, iat } = (await verifyToken(token.trim(), { typ, alg: 'Ed25519', keys, claims, maxBytes: 4096 })).claims
  return { head: { format: 'casemate-log-head-1', origin: iss, size, root }, iat }
}

/**
 * What the heads say by themselves, without log or proof.
 * @throws PublishError `log-inconsistent` (of another organisation), `log-forked` (two roots of one size), `log-shrunk`
 */
export function checkHeads(heads: readonly SignedHead[]): void {
  const inTime = [...heads].sort((one, other) => one.iat - other.iat || one.head.size - other.head.size)
  for (const [at, { head, iat }] of inTime.entries()) {
    for (const later of inTime.slice(at + 1)) {
      if (later.head.origin !== head.origin) throw new PublishError('log-inconsistent', 'the heads are of two organisations')
      if (later.head.size === head.size && later.head.root !== head.root) {
        throw new PublishError('log-forked', `two heads of ${head.size} entries have the roots \`${head.root}\` and \`${later.head.root}\``)
      }
      if (later.head.size < head.size) {
        throw new PublishError('log-shrunk', `a head of ${later.head.size} entries was signed at ${later.iat}, one of ${head.size} at ${iat}`)
      }
    }
  }
}
