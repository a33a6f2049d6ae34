// SPDX-License-Identifier: Apache-2.0
//
// An administrator's part of escrow, on their own machine: open one's share, and seal it to the device that made it, or to the one that a
// help desk's grant lets its instance move to; and to no other.
import nacl from 'tweetnacl'
import { PolicyError } from '../error.ts'
import { parseStrictJson } from '../model/strict-json.ts'
import { decodeBase64url, encodeBase64url } from './base64url.ts'
import type { KeyAgreement } from './device-key.ts'
import { encryptToken } from './encrypted-token.ts'
import {
  bindingOf,
  type EscrowShare,
  type EscrowStatement,
  escrowShare,
  isShareOf,
  type ReturnedShare,
  readEscrowStatement,
  returnedShareTyp,
} from './escrow.ts'
import { type EcPublicJwk, thumbprint, type X25519PublicJwk } from './jwk.ts'
import type { Override } from './override.ts'

/** X25519 (RFC 7748), 32 bytes each. */
export interface EscrowKeyPair {
  readonly secretKey: Uint8Array
  readonly publicKey: Uint8Array
}

export interface OpenedShare {
  readonly claims: EscrowStatement
  readonly sealed: EscrowShare
  /** Secret. */
  readonly share: Uint8Array
}

/** As it stands in the approved list. */
export const escrowJwk = (publicKey: Uint8Array): X25519PublicJwk => ({ kty: 'OKP', crv: 'X25519', x: encodeBase64url(publicKey) })

/**
 * What a share says of itself, with the signature of the device that it names.
 * @throws PolicyError `escrow-share-invalid`, `token-*`.
 */
export async function readShare(text: string): Promise<{ readonly sealed: EscrowShare; readonly claims: EscrowStatement }> {
  let sealed: EscrowShare
  try {
    sealed = escrowShare.parse(parseStrictJson(text, { maxBytes: 32_768, maxDepth: 2 }))
  } catch (cause) {
    throw new PolicyError('escrow-share-invalid', 'expected a sealed share, found something else', cause)
  }
  return { sealed, claims: await readEscrowStatement(sealed.statement) }
}

/**
 * @throws PolicyError `escrow-share-invalid`, `token-*`, `escrow-share-key` (sealed to another key), `escrow-share-altered`.
 */
export async function openShare(text: string, { secretKey, publicKey }: EscrowKeyPair): Promise<OpenedShare> {
  const { sealed, claims } = await readShare(text)
  const [own, wanted] = [await thumbprint(escrowJwk(publicKey)), claims.shares[sealed.index - 1]?.kid]
  if (wanted !== own) throw new PolicyError('escrow-share-key', `expected a share for \`${own}\`, found one for \`${wanted ?? 'nobody'}\``)
  const opened = nacl.box.open(decodeBase64url(sealed.box), decodeBase64url(sealed.nonce), decodeBase64url(sealed.sender), secretKey)
  const binding = await bindingOf(claims)
  const share = opened?.subarray(32) ?? new Uint8Array(0)
  if (opened === null || !binding.every((byte, at) => opened[at] === byte) || !(await isShareOf(claims, sealed.index, share))) {
    throw new PolicyError(
      'escrow-share-altered',
      `share ${sealed.index} of \`${claims.instance}\` on \`${claims.device}\` is not the one that was made`,
    )
  }
  return { claims, sealed, share }
}

export interface Returning {
  /** Agreement key of the device, from whoever asks for the share back. */
  readonly to: EcPublicJwk
  /** Verified, of a help desk; absent: the share goes back to where it was made. */
  readonly move?: Extract<Override, { kind: 'move' }>
  readonly ephemeral: KeyAgreement
  /** Gives that many fresh random bytes. */
  readonly random: (length: number) => Uint8Array
}

/** @throws PolicyError `escrow-other-device` when the share was made by another device, or for another instance, than may get it. */
export async function returnShare({ claims, sealed, share }: OpenedShare, { to, move, ...encryption }: Returning): Promise<ReturnedShare> {
  const found = await thumbprint(to)
  if (move !== undefined && !(await isMoveOf(claims, move))) {
    throw new PolicyError(
      'escrow-other-device',
      `the grant is for \`${move.grant.instance}\` of \`${move.grant.from.device}\`, the share is of \`${claims.instance}\` on \`${claims.device}\``,
    )
  }
  const wanted = move?.grant.to ?? (await thumbprint(claims.agreementJwk))
  if (wanted !== found) {
    throw new PolicyError(
      'escrow-other-device',
      `this share goes to the key \`${wanted}\`${move === undefined ? ` of \`${claims.device}\`` : ''}, not to \`${found}\``,
    )
  }
  const token = await encryptToken(share, { typ: returnedShareTyp, recipient: to, ...encryption })
  return { format: 'casemate-escrow-return-1', statement: sealed.statement, index: sealed.index, share: token }
}

async function isMoveOf({ device, instance, publicJwk }: EscrowStatement, { grant }: Extract<Override, { kind: 'move' }>): Promise<boolean> {
  return grant.instance === instance && grant.from.device === device && grant.from.jkt === (await thumbprint(publicJwk))
}
