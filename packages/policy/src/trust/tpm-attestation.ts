// SPDX-License-Identifier: Apache-2.0
//
// What a device shows of keys that are in a TPM, for both sides: the question that the TPM's statements must carry, and the strict reader of
// a statement (TPM 2.0 Library, Part 2, 10.12.12 TPMS_ATTEST and 10.12.7 TPMS_CREATION_INFO; Part 3, 18.3 TPM2_CertifyCreation).
import { z } from 'zod'
import { instant } from '../model/names.ts'
import { decodeBase64url } from './base64url.ts'
import { sha256 } from './sha256.ts'
import { TpmReader, tpmInvalid } from './tpm-bytes.ts'

/** Bytes as base64url, in the one spelling of them. */
export const tpmBytes = z
  .string()
  .min(2)
  .max(4096)
  .refine((text) => isBase64url(text), 'expected base64url')
const certified = z.strictObject({
  /** TPM2B_PUBLIC. */
  public: tpmBytes,
  /** TPMS_ATTEST, and the TPMT_SIGNATURE of the attestation key over it. */
  statement: tpmBytes,
  signature: tpmBytes,
})

/** Which TPM: its endorsement certificate (X.509, DER), and a new attestation key in it (TPM2B_PUBLIC); all as base64url. */
export const tpmIdentity = z.strictObject({ certificate: tpmBytes, attestKey: tpmBytes })

/** Names one challenge of the console, which keeps none. */
export const tpmChallenge = z.strictObject({ nonce: z.string().regex(/^[A-Za-z0-9_-]{22}$/), expires: instant })

export const tpmAttestation = z.strictObject({
  identity: tpmIdentity,
  challenge: tpmChallenge,
  /** What the challenge's credential held: only that TPM, with that attestation key in it, could open it. */
  secret: tpmBytes,
  sign: certified,
  agree: certified,
})

export type TpmIdentity = z.infer<typeof tpmIdentity>
export type TpmChallenge = z.infer<typeof tpmChallenge>
export type TpmAttestation = z.infer<typeof tpmAttestation>

/** What each statement must repeat: nobody knew it before the credential was opened, so none is older. 32 bytes. */
export async function tpmQualifier(secret: Uint8Array): Promise<Uint8Array> {
  return await sha256(Uint8Array.of(...new TextEncoder().encode('casemate-tpm-attestation-1'), ...secret))
}

/** TPM_GENERATED_VALUE: no data from outside that a restricted key signs may begin with it (Part 2, 6.2). */
const generated = 0xff544347
const attestCreation = 0x801a

export interface TpmStatement {
  /** What was asked to be repeated. */
  readonly qualifier: Uint8Array
  /** Of the key that this TPM made. */
  readonly name: Uint8Array
}

/** @param bytes a TPMS_ATTEST of TPM2_CertifyCreation, whose signature holds @throws PolicyError `tpm-invalid` */
export function readTpmStatement(bytes: Uint8Array): TpmStatement {
  const reader = new TpmReader(bytes)
  if (reader.uint32() !== generated) throw tpmInvalid('expected a statement that a TPM made')
  reader.expect16(attestCreation, 'a statement of type')
  reader.sized(66) // Qualified name of the attestation key.
  const qualifier = reader.sized(66)
  reader.bytes(17) // Clock, resets, restarts, whether the clock is safe.
  reader.bytes(8) // Version of the firmware.
  const name = reader.sized(66)
  reader.sized(64) // Digest of the creation data.
  reader.end()
  return { qualifier, name }
}

function isBase64url(text: string): boolean {
  try {
    decodeBase64url(text)
    return true
  } catch {
    return false
  }
}
