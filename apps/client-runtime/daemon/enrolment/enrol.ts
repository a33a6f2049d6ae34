// SPDX-License-Identifier: Apache-2.0
//
// Enrolment: from the code that a person brings to a device that trusts this one organisation. The root of trust is the SHA-256 in the
// code; nothing that the console answers is believed before it leads there. Tried again with the same code after a crash, it asks
// the same question with the same key, so that a lost answer does not use the code up.

import { rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { verifyTimeAnswer } from '@casemate/policy/clock'
import { readEnrolmentCode } from '@casemate/policy/enrolment-code'
import { thumbprint } from '@casemate/policy/jwk'
import { verifyLease } from '@casemate/policy/lease'
import { enrolmentClaims, enrolmentTyp, objectRoutes } from '@casemate/policy/protocol'
import { sha256Hex } from '@casemate/policy/sha256'
import { deviceSigner, signToken } from '@casemate/policy/token'
import type { TpmAttestation } from '@casemate/policy/tpm-attestation'
import { z } from 'zod'
import { ConsoleClient, ConsoleRefusal, newNonce, readWhole } from '../console/console-client.ts'
import type { DeviceOptions } from '../device.ts'
import { Documents } from '../documents/documents.ts'
import { RuntimeError } from '../error.ts'
import { LeaseStore } from '../lease/lease-store.ts'
import { readState, writeState } from '../state-file.ts'
import { noFloors } from '../update/floors.ts'
import { initialise } from '../update/initialise.ts'
import { attestTpm } from './attest-tpm.ts'
import { type OpenedKey, openOrMakeDeviceKey, type WantedKey } from './open-device-key.ts'
import type { EnrolmentRecord } from './organisation.ts'

export interface Enrolled {
  readonly record: EnrolmentRecord
  /** Why the console could not verify that the keys are in a TPM; null where it has, and of keys in software. */
  readonly unverified: string | null
}

interface Shown {
  readonly attestation: TpmAttestation | null
  readonly unverified: string | null
}

const attempt = z.strictObject({ nonce: z.string(), secretSha256: z.string() })
const mostRoots = 1000
const rootBytes = 512_000
const patienceMs = 20_000

/**
 * @param options of a device that is not enrolled.
 * @param wanted where the device's key is to be kept
 * @throws PolicyError `enrolment-code-*` and those of the answer's checks; ConsoleRefusal; RuntimeError `pin-mismatch`, `root-mismatch`,
 * `console-unreachable`, `sealing-key-failed`, `tpm-*`; UpdateError. Whatever it is, the device is not enrolled then.
 */
export async function enrol(text: string, { layout, clock, version, keeping }: DeviceOptions, wanted?: WantedKey): Promise<Enrolled> {
  const code = readEnrolmentCode(text, Math.floor(clock.local.wall))
  const { key, tpm } = await openOrMakeDeviceKey(layout, keeping, wanted)
  const [signer, jkt] = [await deviceSigner(key), await thumbprint(key.publicJwk)]
  const secretSha256 = await sha256Hex(new TextEncoder().encode(code.secret))
  const nonce = await question(layout.enrolling, secretSha256)
  const now = () => Math.floor(clock.local.wall)
  const console = new ConsoleClient(code, { signer, now, seq: () => 0 })
  try {
    const { attestation, unverified } = await showTpm(console, tpm, secretSha256)
    const claims = enrolmentClaims.parse({
      ...{ nonce, iat: now(), secretSha256, publicJwk: key.publicJwk, agreementJwk: key.agreementJwk },
      ...{ name: hostname().slice(0, 128) || 'unnamed', runtimeVersion: version },
      ...(attestation === null ? {} : { attestation }),
    })
    const token = await signToken(claims, { typ: enrolmentTyp, signer })
    const answer = await console.call('enrol', { secret: code.secret, token }, { nonce: null })
    const documents = new Documents(layout.update, console, clock)
    await initialise(layout.update, { bytes: await findRoot(console, code.rootSha256), sha256: code.rootSha256 })
    await documents.refresh(noFloors)
    const [keys, repository] = [await documents.onlineKeys(), await documents.versions()]
    const time = await verifyTimeAnswer(answer.time, { keys, issuer: answer.organisation, nonce })
    const leases = await LeaseStore.open(layout)
    const expected = { issuer: answer.organisation, device: { id: answer.device, jkt }, nonce, floors: leases.floors, repository, now: time }
    const { lease, floors } = await verifyLease(answer.lease, { ...expected, keys })
    await clock.replace(time)
    await leases.adopt(answer.lease, lease, floors, null)
    const { device, organisation, title } = answer
    const { address, pin, rootSha256 } = code
    const record = { format: 'casemate-enrolment-1' as const, device, organisation, title, address, pin, rootSha256, enrolledAt: time }
    await writeState(layout.enrolment, record)
    await rm(layout.enrolling, { force: true })
    return { record, unverified }
  } finally {
    console.close()
  }
}

/** What a device whose keys are in a TPM shows of it. Where nothing can be shown it enrols all the same, and counts as one with keys in software. */
async function showTpm(console: ConsoleClient, tpm: OpenedKey['tpm'], secretSha256: string): Promise<Shown> {
  if (tpm === undefined) return { attestation: null, unverified: null }
  try {
    const attestation = await attestTpm(tpm, (identity) => console.call('challengeTpm', { secretSha256, identity }, { nonce: null }))
    return { attestation, unverified: attestation === null ? 'tpm-certificate-missing' : null }
  } catch (error) {
    // Nobody vouches for this TPM; or it does not do what only the proof needs, as under a resource manager that ends sessions.
    if (error instanceof ConsoleRefusal && error.code === 'tpm-certificate-refused') return { attestation: null, unverified: error.code }
    if (error instanceof RuntimeError && error.code === 'tpm-failed') return { attestation: null, unverified: error.code }
    throw error
  }
}

async function question(file: string, secretSha256: string): Promise<string> {
  const before = await readState(file, attempt)
  if (before?.secretSha256 === secretSha256) return before.nonce
  const nonce = newNonce()
  await writeState(file, { nonce, secretSha256 })
  return nonce
}

/** The code names the root that was newest when it was made, by its digest alone. */
async function findRoot(console: ConsoleClient, sha256: string): Promise<Buffer> {
  for (let version = 1; version <= mostRoots; version += 1) {
    const response = await console.get(`${objectRoutes.metadata.prefix}${version}.root.json`, AbortSignal.timeout(patienceMs))
    const bytes = await readWhole(response, rootBytes)
    if (response.statusCode !== 200) break
    if ((await sha256Hex(new Uint8Array(bytes))) === sha256) return bytes
  }
  throw new RuntimeError('root-mismatch', `the console has no root with SHA-256 \`${sha256}\`, which the enrolment code names`)
}
