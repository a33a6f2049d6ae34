// SPDX-License-Identifier: Apache-2.0
//
// Public areas of the keys that we make in a TPM, P-256 each (TPM 2.0 Library, Part 2, 12.2.4 TPMT_PUBLIC and 12.2.5 TPM2B_PUBLIC). Every
// field but attributes and point is what our templates ask for; anything else is refused.
import { encodeBase64url } from './base64url.ts'
import type { EcPublicJwk } from './jwk.ts'
import { sha256 } from './sha256.ts'
import { TpmReader, tpmAlgorithm, tpmCurveP256, tpmInvalid } from './tpm-bytes.ts'

/** Part 2, 8.3 (TPMA_OBJECT). */
export const tpmAttribute = {
  fixedTPM: 1 << 1,
  fixedParent: 1 << 4,
  sensitiveDataOrigin: 1 << 5,
  userWithAuth: 1 << 6,
  noDA: 1 << 10,
  restricted: 1 << 16,
  decrypt: 1 << 17,
  sign: 1 << 18,
} as const

/** Made inside the TPM, of no use outside it nor under another parent. */
const bound = tpmAttribute.fixedTPM | tpmAttribute.fixedParent | tpmAttribute.sensitiveDataOrigin | tpmAttribute.userWithAuth

/**
 * What a key is for, with exactly these attributes. `sign` and `agree`: the device's keys. `attest`: restricted, so that it signs only what
 * the TPM itself says.
 */
export const tpmUse = {
  sign: { attributes: bound | tpmAttribute.noDA | tpmAttribute.sign, scheme: tpmAlgorithm.ecdsa },
  agree: { attributes: bound | tpmAttribute.noDA | tpmAttribute.decrypt, scheme: tpmAlgorithm.ecdh },
  attest: { attributes: bound | tpmAttribute.restricted | tpmAttribute.sign, scheme: tpmAlgorithm.ecdsa },
} as const

export interface TpmPublic {
  readonly jwk: EcPublicJwk
  /** Part 1, 16: the algorithm, then SHA-256 of the public area. */
  readonly name: Uint8Array
}

/** @param bytes a TPM2B_PUBLIC @throws PolicyError `tpm-invalid` */
export async function readTpmPublic(bytes: Uint8Array, use: keyof typeof tpmUse): Promise<TpmPublic> {
  const whole = new TpmReader(bytes)
  const area = whole.sized(512)
  whole.end()
  const reader = new TpmReader(area)
  reader.expect16(tpmAlgorithm.ecc, 'a key of type')
  reader.expect16(tpmAlgorithm.sha256, 'the name algorithm')
  const [attributes, wanted] = [reader.uint32(), tpmUse[use]]
  if (attributes !== wanted.attributes) {
    throw tpmInvalid(`expected the attributes 0x${wanted.attributes.toString(16)} of a key to ${use}, found 0x${attributes.toString(16)}`)
  }
  if (reader.sized(64).length !== 0) throw tpmInvalid('expected a key without a policy')
  reader.expect16(tpmAlgorithm.null, 'the symmetric algorithm')
  reader.expect16(wanted.scheme, `the scheme of a key to ${use}`)
  reader.expect16(tpmAlgorithm.sha256, "the scheme's digest")
  reader.expect16(tpmCurveP256, 'the curve')
  reader.expect16(tpmAlgorithm.null, 'the key derivation')
  const [x, y] = [encodeBase64url(reader.coordinate()), encodeBase64url(reader.coordinate())]
  reader.end()
  const name = Uint8Array.of(tpmAlgorithm.sha256 >> 8, tpmAlgorithm.sha256 & 0xff, ...(await sha256(area)))
  return { jwk: { kty: 'EC', crv: 'P-256', x, y }, name }
}

/** @param bytes a TPMT_SIGNATURE (Part 2, 11.3.4), ECDSA with SHA-256 @returns r and s, 32 bytes each @throws PolicyError `tpm-invalid` */
export function readTpmSignature(bytes: Uint8Array): Uint8Array {
  const reader = new TpmReader(bytes)
  reader.expect16(tpmAlgorithm.ecdsa, 'a signature of')
  reader.expect16(tpmAlgorithm.sha256, "the signature's digest")
  const signature = Uint8Array.of(...reader.coordinate(), ...reader.coordinate())
  reader.end()
  return signature
}
