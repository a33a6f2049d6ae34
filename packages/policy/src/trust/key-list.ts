// SPDX-License-Identifier: Apache-2.0
//
// The online, help-desk and escrow keys of an organisation: documents under `keys/`, approved as targets of the top-level role.
import nacl from 'tweetnacl'
import { z } from 'zod'
import { PolicyError } from '../error.ts'
import { thumbprintText } from '../model/names.ts'
import { parseStrictJson } from '../model/strict-json.ts'
import { decodeBase64url } from './base64url.ts'
import { edPublicJwk, type PublicJwk, thumbprint, x25519PublicJwk } from './jwk.ts'

export const keyPurpose = z.enum(['online', 'help-desk', 'escrow'])
export type KeyPurpose = z.infer<typeof keyPurpose>

/** Of keys that sign. */
type SigningPurpose = Exclude<KeyPurpose, 'escrow'>

const keyList = z.strictObject({
  format: z.literal('casemate-keys-1'),
  purpose: keyPurpose.exclude(['escrow']),
  keys: z.array(z.strictObject({ kid: thumbprintText, jwk: edPublicJwk })).max(64),
})

export type KeyList = z.infer<typeof keyList>

/** Shares are few enough to be called together, and more than one: a key that one person opens alone is no split. */
export const escrowShares = { least: 2, most: 16 } as const

const escrowKeyList = z
  .strictObject({
    format: z.literal('casemate-escrow-keys-1'),
    purpose: z.literal('escrow'),
    /** How many of the keys it takes. */
    threshold: z.int().min(escrowShares.least).max(escrowShares.most),
    keys: z
      .array(z.strictObject({ kid: thumbprintText, jwk: x25519PublicJwk }))
      .min(escrowShares.least)
      .max(escrowShares.most),
  })
  .refine(({ threshold, keys }) => threshold <= keys.length, 'expected a threshold of at most the number of keys')

export interface EscrowKey {
  readonly kid: string
  /** X25519 (RFC 7748), 32 bytes. */
  readonly publicKey: Uint8Array
}

export interface EscrowKeys {
  readonly threshold: number
  readonly keys: readonly EscrowKey[]
}

/** Where the approved list of that purpose stands in the repository. */
export const keyListPath = (purpose: KeyPurpose): string => `keys/${purpose}.json`

/**
 * The approved keys by id, for `verifyToken`.
 * @throws PolicyError `json-*`, or `key-list-invalid`: another purpose, an id that is not the key's thumbprint, a repeated key.
 */
export async function parseKeyList(source: Uint8Array | string, purpose: SigningPurpose): Promise<(kid: string) => PublicJwk | undefined> {
  const parsed = keyList.safeParse(parseStrictJson(source, { maxBytes: 65_536, maxDepth: 5 }))
  if (!parsed.success) throw new PolicyError('key-list-invalid', `expected a list of keys: ${z.prettifyError(parsed.error)}`, parsed.error)
  if (parsed.data.purpose !== purpose) {
    throw new PolicyError('key-list-invalid', `expected the \`${purpose}\` keys, found the \`${parsed.data.purpose}\` ones`)
  }
  await checkIds(parsed.data.keys)
  const keys = new Map<string, PublicJwk>(parsed.data.keys.map(({ kid, jwk }) => [kid, jwk]))
  return (kid) => keys.get(kid)
}

/**
 * The administrators' keys among which instance keys are split.
 * @throws PolicyError `json-*`, or `key-list-invalid`: also a threshold that the keys cannot meet, and a key that agrees on nothing.
 */
export async function parseEscrowKeys(source: Uint8Array | string): Promise<EscrowKeys> {
  const parsed = escrowKeyList.safeParse(parseStrictJson(source, { maxBytes: 65_536, maxDepth: 5 }))
  if (!parsed.success) throw new PolicyError('key-list-invalid', `expected a list of escrow keys: ${z.prettifyError(parsed.error)}`, parsed.error)
  const { threshold, keys } = parsed.data
  await checkIds(keys)
  return { threshold, keys: keys.map(({ kid, jwk }) => ({ kid, publicKey: usableKey(kid, decodeBase64url(jwk.x)) })) }
}

async function checkIds(keys: readonly { readonly kid: string; readonly jwk: Parameters<typeof thumbprint>[0] }[]): Promise<void> {
  const seen = new Set<string>()
  for (const { kid, jwk } of keys) {
    if (seen.has(kid) || (await thumbprint(jwk)) !== kid) {
      throw new PolicyError('key-list-invalid', `expected each key once under its thumbprint, found \`${kid}\` twice or on another key`)
    }
    seen.add(kid)
  }
}

/** A point of small order gives everybody the same shared secret, zero (RFC 7748, 6.1): what is sealed to it is open. */
function usableKey(kid: string, publicKey: Uint8Array): Uint8Array {
  if (nacl.scalarMult(new Uint8Array(32).fill(8), publicKey).some((byte) => byte !== 0)) return publicKey
  throw new PolicyError('key-list-invalid', `expected an X25519 key, found a point of small order under \`${kid}\``)
}
