// SPDX-License-Identifier: Apache-2.0
//
// Every call that a device makes to the console, once for both sides. Bodies are strict JSON; every request but `time`, `introduce`,
// `challengeTpm` and `enrol` carries a proof (`proof.ts`) in the header `casemate-proof`; every answer that a device acts upon is itself signed, so that TLS ending at a
// proxy gives nobody a say.
import { z } from 'zod'
import { facts } from './decision/facts.ts'
import { instant, runtimeVersion, sha256Text, slug } from './model/names.ts'
import { sessionReport } from './report/compliance.ts'
import { report } from './report/report.ts'
import { escrowShare } from './trust/escrow.ts'
import { ecPublicJwk } from './trust/jwk.ts'
import { escrowShares } from './trust/key-list.ts'
import { tpmAttestation, tpmBytes, tpmChallenge, tpmIdentity } from './trust/tpm-attestation.ts'

export const proofHeader = 'casemate-proof'

const nonce = z.string().regex(/^[A-Za-z0-9_-]{22,86}$/)
const compactJws = z.string().regex(/^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+){2}$/)

/** Named errors; anything else that goes wrong is `unavailable` and may be tried again. */
export const protocolError = z.enum([
  'activation-not-for-user',
  'activation-refused',
  'activation-used-up',
  'bad-request',
  'device-suspended',
  'device-unknown',
  'enrolment-expired',
  'enrolment-refused',
  'enrolment-used',
  'escrow-refused',
  'lease-copied',
  'not-assigned',
  'not-found',
  'proof-refused',
  'proof-replayed',
  'proof-time',
  'report-not-next',
  'report-refused',
  'too-large',
  'too-many-requests',
  'tpm-certificate-refused',
  'tpm-challenge-refused',
  'tpm-key-refused',
  'tpm-statement-refused',
  'tpm-statement-replayed',
  'unavailable',
])

export type ProtocolError = z.infer<typeof protocolError>

/** HTTP status of each; the code in the body is what programs branch on. */
export const statusOf: Readonly<Record<ProtocolError, 400 | 401 | 403 | 404 | 409 | 413 | 429 | 503>> = {
  'activation-not-for-user': 403,
  'activation-refused': 403,
  'activation-used-up': 403,
  'bad-request': 400,
  'device-suspended': 403,
  'device-unknown': 401,
  'enrolment-expired': 403,
  'enrolment-refused': 403,
  'enrolment-used': 403,
  'escrow-refused': 403,
  'lease-copied': 409,
  'not-assigned': 404,
  'not-found': 404,
  'proof-refused': 401,
  'proof-replayed': 401,
  'proof-time': 401,
  'report-not-next': 409,
  'report-refused': 403,
  'too-large': 413,
  'too-many-requests': 429,
  'tpm-certificate-refused': 403,
  'tpm-challenge-refused': 403,
  'tpm-key-refused': 403,
  'tpm-statement-refused': 403,
  'tpm-statement-replayed': 403,
  unavailable: 503,
}

export const errorBody = z.strictObject({
  error: z.strictObject({ code: protocolError, message: z.string().max(500) }),
  /** With `proof-time`: signed time for the proof's nonce. With `report-not-next`: the receipt from which to go on. */
  token: compactJws.optional(),
})

/** Content of `enrol`, signed by the new device's own key under this `typ`, so that its private half is shown to be there. */
export const enrolmentTyp = 'casemate-enrolment+jwt'
/** Of its token. */
export const enrolmentBytes = 20_480
export const enrolmentClaims = z.strictObject({
  nonce,
  iat: instant,
  /** SHA-256 in hex of the code's secret, so that the secret itself is not in a log of tokens. */
  secretSha256: sha256Text,
  publicJwk: ecPublicJwk,
  agreementJwk: ecPublicJwk,
  /** What the device calls itself; shown to administrators. */
  name: z.string().min(1).max(128),
  runtimeVersion,
  /** Of keys in a TPM; without it they are taken for keys in software, whatever they are. */
  attestation: tpmAttestation.optional(),
})

const enrol = {
  method: 'POST',
  path: '/device/v1/enrol',
  proof: false,
  maxBytes: 24_576,
  request: z.strictObject({ secret: z.string().regex(/^[0-9a-f]{32}$/), token: compactJws }),
  response: z.strictObject({ device: slug, organisation: slug, title: z.string().min(1).max(128), lease: compactJws, time: compactJws }),
  errors: [
    'bad-request',
    'enrolment-expired',
    'enrolment-refused',
    'enrolment-used',
    'too-many-requests',
    'tpm-certificate-refused',
    'tpm-challenge-refused',
    'tpm-key-refused',
    'tpm-statement-refused',
    'tpm-statement-replayed',
    'unavailable',
  ],
} as const

/**
 * The first of two steps by which a device shows that its keys are in a TPM: the console asks what only the TPM of that certificate can
 * answer, and only with that attestation key in it. For whoever holds a code, by its digest alone.
 */
const challengeTpm = {
  method: 'POST',
  path: '/device/v1/tpm-challenge',
  proof: false,
  maxBytes: 8_192,
  request: z.strictObject({ secretSha256: sha256Text, identity: tpmIdentity }),
  /** `credential`: TPM2B_ID_OBJECT, then TPM2B_ENCRYPTED_SECRET (TPM 2.0 Library, Part 3, 12.5 TPM2_ActivateCredential), base64url. */
  response: z.strictObject({ challenge: tpmChallenge, credential: tpmBytes }),
  errors: ['bad-request', 'enrolment-refused', 'too-many-requests', 'tpm-certificate-refused', 'tpm-key-refused', 'unavailable'],
} as const

/** Who asks this device in: what a person agrees to before anything of the device is sent. For whoever holds a code, by its digest alone. */
const introduce = {
  method: 'POST',
  path: '/device/v1/introduce',
  proof: false,
  maxBytes: 1_024,
  request: z.strictObject({ secretSha256: sha256Text }),
  response: z.strictObject({ organisation: slug, title: z.string().min(1).max(128), contact: z.string().min(1).max(200) }),
  errors: ['bad-request', 'enrolment-refused', 'too-many-requests', 'unavailable'],
} as const

/** Answers at once when something is new, otherwise holds the call for up to `waitSeconds`. */
const checkIn = {
  method: 'POST',
  path: '/device/v1/check-in',
  proof: true,
  maxBytes: 4_194_304,
  request: z.strictObject({
    waitSeconds: z.int().min(0).max(300),
    /** As of the last answer; another one at the console is news. */
    seen: z.strictObject({ leaseSeq: z.int().min(0), timestamp: z.int().min(0), change: z.int().min(0) }),
    facts: facts.pick({
      runtimeVersion: true,
      clock: true,
      sinceContact: true,
      network: true,
      hostNetwork: true,
      posture: true,
      engines: true,
      repository: true,
      floors: true,
    }),
    sessions: z.array(sessionReport).max(64),
  }),
  response: z.strictObject({
    /** Always a fresh one, bound to the proof's nonce; it is the signed time and the contact as well. */
    lease: compactJws,
    /** Number of the device's last change at the console. */
    change: z.int().min(0),
    /** Version of the newest TUF timestamp. */
    timestamp: z.int().min(1),
    /** The last receipt of this device's journal; null before the first. */
    receipt: compactJws.nullable(),
    /** Overrides (PO-22) that have not ended, sent until then; absent: none. */
    overrides: z.array(compactJws).max(64).optional(),
  }),
  errors: [
    'bad-request',
    'device-unknown',
    'lease-copied',
    'proof-refused',
    'proof-replayed',
    'proof-time',
    'too-large',
    'too-many-requests',
    'unavailable',
  ],
} as const

const activate = {
  method: 'POST',
  path: '/device/v1/activate',
  proof: true,
  maxBytes: 8_192,
  request: z.strictObject({ desktop: slug, instance: slug, presented: z.string().max(256).nullable() }),
  /** A lease whose assignment of that desktop carries the package key. */
  response: z.strictObject({ lease: compactJws }),
  errors: [
    'activation-not-for-user',
    'activation-refused',
    'activation-used-up',
    'bad-request',
    'device-suspended',
    'device-unknown',
    'not-assigned',
    'proof-refused',
    'proof-replayed',
    'proof-time',
    'too-many-requests',
    'unavailable',
  ],
} as const

const sendReport = {
  method: 'POST',
  path: '/device/v1/report',
  proof: true,
  maxBytes: 16_777_216,
  request: report,
  response: z.strictObject({ receipt: compactJws }),
  errors: [
    'bad-request',
    'device-unknown',
    'proof-refused',
    'proof-replayed',
    'proof-time',
    'report-not-next',
    'report-refused',
    'too-large',
    'too-many-requests',
    'unavailable',
  ],
} as const

/** Shares of an instance's key, each sealed to an administrator: kept in place of those before. */
const keepEscrow = {
  method: 'POST',
  path: '/device/v1/escrow',
  proof: true,
  maxBytes: 262_144,
  request: z.strictObject({ instance: slug, shares: z.array(escrowShare).min(escrowShares.least).max(escrowShares.most) }),
  response: z.strictObject({}),
  errors: [
    'bad-request',
    'device-unknown',
    'escrow-refused',
    'proof-refused',
    'proof-replayed',
    'proof-time',
    'too-large',
    'too-many-requests',
    'unavailable',
  ],
} as const

/** The one call without a proof of time: for a device whose clock is wrong. */
const askTime = {
  method: 'POST',
  path: '/device/v1/time',
  proof: false,
  maxBytes: 1_024,
  request: z.strictObject({ nonce }),
  response: z.strictObject({ time: compactJws }),
  errors: ['bad-request', 'too-many-requests', 'unavailable'],
} as const

export const routes = { introduce, challengeTpm, enrol, checkIn, activate, sendReport, keepEscrow, askTime } as const

/** Bytes by name, with a proof: answered raw, with ranges (RFC 9110, section 14), or with an `errorBody`. */
export const objectRoutes = {
  /** An encrypted chunk, page or root by the SHA-256 of its bytes. */
  object: { method: 'GET', prefix: '/device/v1/objects/', name: sha256Text },
  /** TUF metadata: `timestamp.json`, `<version>.snapshot.json`, `<version>.root.json` … */
  metadata: { method: 'GET', prefix: '/device/v1/metadata/', name: z.string().regex(/^(?:[1-9][0-9]{0,9}\.)?[a-z][a-z-]{0,63}\.json$/) },
  /** TUF targets with their hash before the file name (consistent snapshots). */
  target: {
    method: 'GET',
    prefix: '/device/v1/targets/',
    name: z.string().regex(/^(?:packages|policies|releases|keys)\/(?:[a-z0-9-]{1,64}\/)?[0-9a-f]{64}\.[0-9A-Za-z.-]{1,80}\.json$/),
  },
} as const

export type RequestOf<R extends keyof typeof routes> = z.infer<(typeof routes)[R]['request']>
export type ResponseOf<R extends keyof typeof routes> = z.infer<(typeof routes)[R]['response']>
