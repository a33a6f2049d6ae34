// SPDX-License-Identifier: Apache-2.0
//
// Whether the keys of a new device are in a TPM, in two steps. 1: the endorsement certificate says which TPM, and a credential is made that
// only this TPM opens, with this attestation key in it. 2: the opened secret shows that it is so; from then on the attestation key speaks for
// the TPM, since it is restricted: it signs what the TPM itself says and nothing else. It says of each key that this TPM made it, and the key's
// attributes say that it cannot leave. The console keeps nothing between the steps: the secret derives from what was asked.
import { createHmac, createPublicKey, hkdfSync, timingSafeEqual, verify, type X509Certificate } from 'node:crypto'
import { decodeBase64url, encodeBase64url } from '@casemate/policy/base64url'
import { canonicalJson } from '@casemate/policy/canonical-json'
import { PolicyError } from '@casemate/policy/error'
import type { EcPublicJwk } from '@casemate/policy/jwk'
import { readTpmStatement, type TpmAttestation, type TpmChallenge, type TpmIdentity, tpmQualifier } from '@casemate/policy/tpm-attestation'
import { readTpmPublic, readTpmSignature, type TpmPublic, type tpmUse } from '@casemate/policy/tpm-public'
import { ConsoleError, type ConsoleErrorCode } from '../error.ts'
import { readEkCertificate } from './ek-certificate.ts'
import { makeCredential } from './make-credential.ts'

const challengeSeconds = 600

export interface TpmVerifier {
  readonly authorities: readonly X509Certificate[]
  /** From which the secrets of challenges derive. */
  readonly key: Uint8Array
  /** Unix seconds. */
  readonly now: number
}

/** The keys that the device enrols with, and the digest of the code's secret, hexadecimal. */
export interface ClaimedKeys {
  readonly publicJwk: EcPublicJwk
  readonly agreementJwk: EcPublicJwk
  readonly secretSha256: string
}

/**
 * @param random gives that many fresh random bytes.
 * @throws ConsoleError `tpm-certificate-refused`, `tpm-key-refused`
 */
export async function challengeTpm(
  { authorities, key, now }: TpmVerifier,
  { identity, secretSha256 }: { readonly identity: TpmIdentity; readonly secretSha256: string },
  random: (length: number) => Uint8Array,
): Promise<{ readonly challenge: TpmChallenge; readonly credential: string }> {
  const endorsementKey = readEkCertificate(decodeBase64url(identity.certificate), authorities, now)
  const { name } = await readKey(identity.attestKey, 'attest')
  const challenge = { nonce: encodeBase64url(random(16)), expires: now + challengeSeconds }
  const secret = secretOf(key, { identity, challenge, secretSha256 })
  return { challenge, credential: encodeBase64url(makeCredential(endorsementKey, name, secret, random(32))) }
}

/**
 * Checks, in this order: 1 the certificate (`tpm-certificate-refused`); 2 the attestation key (`tpm-key-refused`); 3 the challenge, whether it
 * runs and was answered (`tpm-challenge-refused`); then of each key: 4 it is the one that is enrolled, and cannot leave its TPM
 * (`tpm-key-refused`); 5 the signature of its statement (`tpm-statement-refused`); 6 that it answers this challenge
 * (`tpm-statement-replayed`); 7 that it is about this key (`tpm-statement-refused`).
 * @throws ConsoleError with the code of the first check that fails.
 */
export async function verifyTpm({ authorities, key, now }: TpmVerifier, attestation: TpmAttestation, claimed: ClaimedKeys): Promise<void> {
  const { identity, challenge } = attestation
  readEkCertificate(decodeBase64url(identity.certificate), authorities, now)
  const { jwk: attestKey } = await readKey(identity.attestKey, 'attest')
  const secret = decodeBase64url(attestation.secret)
  const expected = secretOf(key, { identity, challenge, secretSha256: claimed.secretSha256 })
  if (now >= challenge.expires) throw new ConsoleError('tpm-challenge-refused', 'this challenge of a TPM has expired')
  if (secret.length !== expected.length || !timingSafeEqual(secret, expected)) {
    throw new ConsoleError('tpm-challenge-refused', 'the TPM of this certificate did not answer the challenge')
  }
  const qualifier = await tpmQualifier(secret)
  await verifyKey(attestation.sign, { use: 'sign', enrolled: claimed.publicJwk, attestKey, qualifier })
  await verifyKey(attestation.agree, { use: 'agree', enrolled: claimed.agreementJwk, attestKey, qualifier })
}

interface Expected {
  readonly use: 'sign' | 'agree'
  readonly enrolled: EcPublicJwk
  readonly attestKey: EcPublicJwk
  readonly qualifier: Uint8Array
}

async function verifyKey(shown: TpmAttestation['sign'], { use, enrolled, attestKey, qualifier }: Expected): Promise<void> {
  const { jwk, name } = await readKey(shown.public, use)
  if (jwk.x !== enrolled.x || jwk.y !== enrolled.y)
    throw new ConsoleError('tpm-key-refused', `the TPM's key to ${use} is not the one that is enrolled`)
  const statement = decodeBase64url(shown.statement)
  const signature = reading('tpm-statement-refused', () => readTpmSignature(decodeBase64url(shown.signature)))
  const signer = createPublicKey({ key: { ...attestKey }, format: 'jwk' })
  if (!verify('sha256', statement, { key: signer, dsaEncoding: 'ieee-p1363' }, signature)) {
    throw new ConsoleError('tpm-statement-refused', `the TPM's statement of the key to ${use} is not signed by its attestation key`)
  }
  const said = reading('tpm-statement-refused', () => readTpmStatement(statement))
  if (!isSame(said.qualifier, qualifier))
    throw new ConsoleError('tpm-statement-replayed', `the TPM's statement of the key to ${use} is of another time`)
  if (!isSame(said.name, name)) throw new ConsoleError('tpm-statement-refused', `the TPM's statement is of another key than the one to ${use}`)
}

async function readKey(text: string, use: keyof typeof tpmUse): Promise<TpmPublic> {
  try {
    const found = await readTpmPublic(decodeBase64url(text), use)
    createPublicKey({ key: { ...found.jwk }, format: 'jwk' })
    return found
  } catch (cause) {
    throw new ConsoleError('tpm-key-refused', `this is no key to ${use} that cannot leave its TPM${because(cause)}`, { cause })
  }
}

function reading<T>(code: ConsoleErrorCode, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw new ConsoleError(code, `this is no statement of a TPM${because(cause)}`, { cause })
  }
}

const because = (cause: unknown) => (cause instanceof PolicyError ? `: ${cause.message}` : '')
const isSame = (one: Uint8Array, other: Uint8Array) => Buffer.from(one).equals(other)

/** 32 bytes, which nobody else can tell before the credential was opened. */
function secretOf(
  key: Uint8Array,
  asked: { readonly identity: TpmIdentity; readonly challenge: TpmChallenge; readonly secretSha256: string },
): Buffer {
  const derived = Buffer.from(hkdfSync('sha256', key, '', 'casemate tpm challenge 1', 32))
  return createHmac('sha256', derived).update(canonicalJson(asked)).digest()
}
