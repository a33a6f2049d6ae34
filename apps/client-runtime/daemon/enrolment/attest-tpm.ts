// SPDX-License-Identifier: Apache-2.0
//
// Lets the TPM say to the console that the keys of this device are in it: a new attestation key under the endorsement key opens the console's
// credential, and states of both keys that this TPM made them. TPM2_CertifyCreation, since `tpm2_certify` takes no question to repeat.
// Keys and contexts of it lie in the folder of the call; nothing of it stays in the TPM.
import { decodeBase64url, encodeBase64url } from '@casemate/policy/base64url'
import type { ResponseOf } from '@casemate/policy/protocol'
import { type TpmAttestation, type TpmIdentity, tpmQualifier } from '@casemate/policy/tpm-attestation'
import { RuntimeError } from '../error.ts'
import type { TpmDeviceKeyFile, TpmKeys } from './tpm-device-key.ts'
import type { TpmCall } from './tpm-tools.ts'

/** RSA 2048, TCG EK Credential Profile, 2.2.1.4. */
const certificateIndex = '0x01c00002'
/** How `tpm2-tools` write a credential: a magic number and a version, then what the TPM takes. */
const credentialHead = Uint8Array.of(0xba, 0xdc, 0xc0, 0xde, 0, 0, 0, 1)

export type AskChallenge = (identity: TpmIdentity) => Promise<ResponseOf<'challengeTpm'>>

/**
 * @returns null where the maker of the TPM put no certificate into it: nobody can vouch for it.
 * @throws RuntimeError `tpm-missing`, `tpm-failed`; what `ask` throws
 */
export function attestTpm(
  { file, keys }: { readonly file: TpmDeviceKeyFile; readonly keys: Pick<TpmKeys, 'use'> },
  ask: AskChallenge,
): Promise<TpmAttestation | null> {
  return keys.use(async (call, contextOf) => {
    const certificate = await endorsementCertificate(call)
    if (certificate === null) return null
    await call.run('createek', '-G', 'rsa', '-c', 'ek.ctx', '-u', 'ek.pub')
    const attest = ['-G', 'ecc', '-g', 'sha256', '-s', 'ecdsa']
    await call.run('createak', '-C', 'ek.ctx', ...attest, '-c', 'ak.ctx', '-u', 'ak.pub', '-n', 'ak.name')
    const identity = { certificate: encodeBase64url(certificate), attestKey: encodeBase64url(await call.read('ak.pub')) }
    const { challenge, credential } = await ask(identity)
    const secret = await openCredential(call, decodeBase64url(credential))
    await call.write('qualifier', await tpmQualifier(secret))
    const certify = async (use: 'sign' | 'agree') => {
      const { public: area, creationHash, creationTicket } = file[use]
      await call.write('digest', decodeBase64url(creationHash))
      await call.write('ticket', decodeBase64url(creationTicket))
      const what = ['-C', 'ak.ctx', '-c', contextOf(use), '-d', 'digest', '-t', 'ticket', '-q', 'qualifier']
      await call.run('certifycreation', ...what, '-g', 'sha256', '-s', 'ecdsa', '-f', 'tss', '-o', 'signature', '--attestation', 'statement')
      return { public: area, statement: encodeBase64url(await call.read('statement')), signature: encodeBase64url(await call.read('signature')) }
    }
    return { identity, challenge, secret: encodeBase64url(secret), sign: await certify('sign'), agree: await certify('agree') }
  })
}

async function endorsementCertificate(call: TpmCall): Promise<Uint8Array | null> {
  try {
    await call.run('nvread', '-C', 'o', certificateIndex, '-o', 'certificate')
    return await call.read('certificate')
  } catch (error) {
    if (error instanceof RuntimeError && error.code === 'tpm-failed') return null
    throw error
  }
}

/** The endorsement key asks for a session that knows the endorsement hierarchy's (empty) password. */
async function openCredential(call: TpmCall, credential: Uint8Array): Promise<Uint8Array> {
  await call.write('credential', Uint8Array.of(...credentialHead, ...credential))
  await call.run('startauthsession', '--policy-session', '-S', 'session.ctx')
  try {
    await call.run('policysecret', '-S', 'session.ctx', '-c', 'e')
    await call.run('activatecredential', '-c', 'ak.ctx', '-C', 'ek.ctx', '-i', 'credential', '-o', 'secret', '-P', 'session:session.ctx')
  } finally {
    await call.run('flushcontext', 'session.ctx')
  }
  return await call.read('secret')
}
