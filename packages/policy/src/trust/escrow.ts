// SPDX-License-Identifier: Apache-2.0
//
// Split escrow (PO-24): an instance key is split among administrators, k of n, on the device itself, each share sealed to one approved key.
// Shamir's scheme authenticates nothing, so the device signs a statement that names the split and the digest of every share: an altered,
// foreign, mixed or older share is named before anything is combined. Statement and sealed shares may lie in anybody's hands.
import { combine, split } from 'shamir-secret-sharing'
import nacl from 'tweetnacl'
import { z } from 'zod'
import { PolicyError } from '../error.ts'
import { canonicalJson } from '../model/canonical-json.ts'
import { instant, sha256Text, slug, thumbprintText } from '../model/names.ts'
import { parseStrictJson } from '../model/strict-json.ts'
import { decodeBase64url, encodeBase64url } from './base64url.ts'
import type { DeviceKey } from './device-key.ts'
import { decryptToken } from './encrypted-token.ts'
import { ecPublicJwk, thumbprint } from './jwk.ts'
import { type EscrowKeys, escrowShares } from './key-list.ts'
import { bytesText } from './passphrase.ts'
import { sha256, sha256Hex } from './sha256.ts'
import { deviceSigner, signToken, splitToken, verifyToken } from './token.ts'

const statementTyp = 'casemate-escrow+jwt'
export const returnedShareTyp = 'casemate-escrow-share+jwe'

/** Of a key of 32 bytes: each byte's point, and the place at which all were taken. */
const shareBytes = 33
const splitText = bytesText(16)

const statementClaims = z
  .strictObject({
    /** Random; no two splits share one. */
    split: splitText,
    device: slug,
    instance: slug,
    /** Shares of before a reset give no second one. */
    resetSeq: z.int().min(0),
    iat: instant,
    threshold: z.int().min(escrowShares.least).max(escrowShares.most),
    /** In the order of their indexes, which count from 1: the key that each is sealed to, and its digest. */
    shares: z
      .array(z.strictObject({ kid: thumbprintText, sha256: sha256Text }))
      .min(escrowShares.least)
      .max(escrowShares.most),
    /** Commitment to the instance key: SHA-256 of what HKDF derives from it, never of the key itself. */
    commitment: sha256Text,
    publicJwk: ecPublicJwk,
    /** To which shares are sealed on their way back. */
    agreementJwk: ecPublicJwk,
  })
  .refine(({ threshold, shares }) => threshold <= shares.length, 'expected a threshold of at most the number of shares')

export type EscrowStatement = z.infer<typeof statementClaims>

const statementBytes = 16_384
const statementText = z.string().max(statementBytes)
const index = z.int().min(1).max(escrowShares.most)

/** A share as it is stored: sealed to the key that the statement names at its index (X25519, XSalsa20-Poly1305). */
export const escrowShare = z.strictObject({
  format: z.literal('casemate-escrow-share-1'),
  statement: statementText,
  index,
  sender: bytesText(nacl.box.publicKeyLength),
  nonce: bytesText(nacl.box.nonceLength),
  /** {@link bindingOf} the statement and the share, so that neither is taken with another. */
  box: bytesText(32 + shareBytes + nacl.box.overheadLength),
})

export type EscrowShare = z.infer<typeof escrowShare>

/** A share on its way back: sealed to the device (JWE). */
export const returnedShare = z.strictObject({
  format: z.literal('casemate-escrow-return-1'),
  statement: statementText,
  index,
  share: z.string().max(4_096),
})

export type ReturnedShare = z.infer<typeof returnedShare>

export interface Splitting {
  readonly device: { readonly id: string; readonly key: DeviceKey }
  readonly instance: string
  readonly resetSeq: number
  /** The approved ones; no other key gets a share. */
  readonly keys: EscrowKeys
  readonly now: number
  /** Gives that many fresh random bytes. The polynomials draw their own, from the same source of the platform. */
  readonly random: (length: number) => Uint8Array
}

/** One share for each key of the list, in its order. @param key 32 bytes. */
export async function splitInstanceKey(key: Uint8Array, splitting: Splitting): Promise<readonly EscrowShare[]> {
  const { device, instance, resetSeq, keys, now, random } = splitting
  const shares = await split(new Uint8Array(key), keys.keys.length, keys.threshold)
  const id = encodeBase64url(random(16))
  const digests = await Promise.all(keys.keys.map(async ({ kid }, at) => ({ kid, sha256: await digestOf(id, at + 1, shareAt(shares, at)) })))
  const claims: EscrowStatement = {
    ...{ split: id, device: device.id, instance, resetSeq, iat: now, threshold: keys.threshold, shares: digests },
    ...{ commitment: await commitmentOf(id, key), publicJwk: device.key.publicJwk, agreementJwk: device.key.agreementJwk },
  }
  const statement = await signToken(statementClaims.parse(claims), { typ: statementTyp, signer: await deviceSigner(device.key) })
  const binding = await bindingOf(claims)
  return keys.keys.map(({ publicKey }, at) => {
    const sender = nacl.box.keyPair.fromSecretKey(random(nacl.box.secretKeyLength))
    const nonce = random(nacl.box.nonceLength)
    const box = nacl.box(Uint8Array.of(...binding, ...shareAt(shares, at)), nonce, publicKey, sender.secretKey)
    const sealed = { sender: encodeBase64url(sender.publicKey), nonce: encodeBase64url(nonce), box: encodeBase64url(box) }
    return { format: 'casemate-escrow-share-1', statement, index: at + 1, ...sealed }
  })
}

/**
 * The statement of a share, signed by the key that it names: whose key that is, the caller has to know.
 * @throws PolicyError `token-*`
 */
export async function readEscrowStatement(statement: string): Promise<EscrowStatement> {
  const [, body] = splitToken(statement, 3, statementBytes)
  const unverified = statementClaims.safeParse(parseStrictJson(decodeBase64url(body)))
  if (!unverified.success) throw new PolicyError('token-claims', 'expected the claims of an escrow statement, found others', unverified.error)
  const { publicJwk } = unverified.data
  const jkt = await thumbprint(publicJwk)
  const keys = (kid: string) => (kid === jkt ? publicJwk : undefined)
  return (await verifyToken(statement, { typ: statementTyp, alg: 'ES256', keys, claims: statementClaims, maxBytes: statementBytes })).claims
}

export interface Combining {
  readonly device: { readonly id: string; readonly key: DeviceKey }
  readonly instance: string
  /** How often this instance was reset. */
  readonly resetSeq: number
  /** Approved today: a share of a key that no longer is does not count. */
  readonly approved: EscrowKeys
  /** Whose split it is, where another device made it and a move of the instance was granted; its resets are not known here. */
  readonly madeBy?: { readonly id: string; readonly jkt: string }
}

/**
 * The instance key out of shares that came back, in any order. Checks of each share, in this order: 1 `escrow-share-invalid`;
 * 2 `escrow-share-foreign` (not of a split that this device, or `madeBy`, made of this instance's key); 3 `escrow-share-older`; 4 `escrow-shares-mixed`;
 * 5 `escrow-key-unapproved`; 6 `escrow-share-altered`; of all together: 7 `escrow-shares-too-few`; 8 `escrow-key-mismatch`.
 * @param texts what administrators gave back, as they gave it. The messages count them from 1.
 * @throws PolicyError with the code of the first check that fails.
 */
export async function combineShares(
  texts: readonly string[],
  combining: Combining,
): Promise<{ readonly key: Uint8Array; readonly kids: readonly string[] }> {
  const found = new Map<number, Uint8Array>()
  let first: EscrowStatement | undefined
  for (const [at, text] of texts.entries()) {
    const returned = parseReturned(text, at + 1)
    const claims = await ownStatement(returned, at + 1, combining)
    first ??= claims
    if (claims.split !== first.split) {
      throw new PolicyError(
        'escrow-shares-mixed',
        `expected shares of one split, found share ${at + 1} of \`${claims.split}\` beside \`${first.split}\``,
      )
    }
    found.set(returned.index, await openReturned(returned, at + 1, claims, combining))
  }
  const least = first?.threshold ?? combining.approved.threshold
  if (first === undefined || found.size < least) {
    throw new PolicyError('escrow-shares-too-few', `expected ${least} different shares or more, found ${found.size}`)
  }
  const key = await combine([...found.values()])
  if ((await commitmentOf(first.split, key)) !== first.commitment) {
    throw new PolicyError('escrow-key-mismatch', `the shares do not give the key of \`${combining.instance}\``)
  }
  return { key, kids: [...found.keys()].map((place) => first.shares[place - 1]?.kid ?? '') }
}

/** What a sealed share and its statement are bound by: SHA-256 over the claims, of which there is one spelling. */
export async function bindingOf(claims: EscrowStatement): Promise<Uint8Array> {
  return sha256(new TextEncoder().encode(canonicalJson(claims)))
}

/** Whether that is the share which the statement names at that index. */
export async function isShareOf(claims: EscrowStatement, place: number, share: Uint8Array): Promise<boolean> {
  return share.byteLength === shareBytes && claims.shares[place - 1]?.sha256 === (await digestOf(claims.split, place, share))
}

function parseReturned(text: string, at: number): ReturnedShare {
  try {
    return returnedShare.parse(parseStrictJson(text, { maxBytes: 32_768, maxDepth: 2 }))
  } catch (cause) {
    throw new PolicyError('escrow-share-invalid', `share ${at}: expected a share that an administrator has opened, found something else`, cause)
  }
}

async function ownStatement({ statement }: ReturnedShare, at: number, { device, instance, resetSeq, madeBy }: Combining): Promise<EscrowStatement> {
  const maker = madeBy ?? { id: device.id, jkt: await thumbprint(device.key.publicJwk) }
  let claims: EscrowStatement
  try {
    claims = await readEscrowStatement(statement)
  } catch (cause) {
    throw new PolicyError('escrow-share-foreign', `share ${at}: its statement does not hold`, cause)
  }
  const own = (await thumbprint(claims.publicJwk)) === maker.jkt
  if (!own || claims.device !== maker.id || claims.instance !== instance) {
    throw new PolicyError(
      'escrow-share-foreign',
      `share ${at}: expected one of \`${instance}\` on \`${maker.id}\`, found one of \`${claims.instance}\` on \`${claims.device}\``,
    )
  }
  if (madeBy === undefined && claims.resetSeq !== resetSeq) {
    throw new PolicyError('escrow-share-older', `share ${at}: it was made before reset ${resetSeq} of \`${instance}\`, which used such shares up`)
  }
  return claims
}

async function openReturned(returned: ReturnedShare, at: number, claims: EscrowStatement, { device, approved }: Combining): Promise<Uint8Array> {
  const kid = claims.shares[returned.index - 1]?.kid
  if (!approved.keys.some((key) => key.kid === kid)) {
    throw new PolicyError('escrow-key-unapproved', `share ${at}: the key \`${kid ?? `of index ${returned.index}`}\` is not approved for escrow`)
  }
  const altered = (cause?: unknown) =>
    new PolicyError('escrow-share-altered', `share ${at} (index ${returned.index}, key \`${kid}\`) is not the one that was made`, cause)
  const share = await decryptToken(returned.share, { typ: returnedShareTyp, key: device.key }).catch((cause: unknown) => {
    throw altered(cause)
  })
  if (!(await isShareOf(claims, returned.index, share))) throw altered()
  return share
}

function shareAt(shares: readonly Uint8Array[], at: number): Uint8Array {
  const share = shares[at]
  if (share === undefined || share.byteLength !== shareBytes) throw new PolicyError('key-invalid', 'expected an instance key of 32 bytes')
  return share
}

async function digestOf(id: string, place: number, share: Uint8Array): Promise<string> {
  return sha256Hex(Uint8Array.of(...new TextEncoder().encode(`casemate-escrow-share-v1|${id}|${place}|`), ...share))
}

async function commitmentOf(id: string, key: Uint8Array): Promise<string> {
  const { subtle } = globalThis.crypto
  const base = await subtle.importKey('raw', new Uint8Array(key), 'HKDF', false, ['deriveBits'])
  const info = new TextEncoder().encode(`casemate-escrow-commitment-v1|${id}`)
  return sha256Hex(new Uint8Array(await subtle.deriveBits({ name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(0), info }, base, 256)))
}
