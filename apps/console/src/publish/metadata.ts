// SPDX-License-Identifier: Apache-2.0
//
// The metadata that this publisher writes: a strict part of TUF 1.0 (https://theupdateframework.github.io/specification/v1.0.31/, 4).
// Ed25519 keys only, SHA-256 only, consistent snapshots always, unknown fields never. Reading checks form, not signatures.
import { type Json, parseStrictJson } from '@casemate/policy/strict-json'
import { z } from 'zod'
import { PublishError } from './error.ts'
import { limits } from './limits.ts'

export const delegatedRoles = ['packages', 'policies', 'releases'] as const
export type DelegatedRole = (typeof delegatedRoles)[number]
export type TargetsRole = 'targets' | DelegatedRole
/** Roles that people sign; snapshot and timestamp are signed by the console. */
export type OfflineRole = 'root' | TargetsRole

const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`), `expected ${bytes} bytes as lower-case hex`)
const keyId = hex(32)
const version = z.int().min(1)
const expires = z.iso.datetime({ precision: 0 })
const signedHead = { spec_version: z.literal('1.0.31'), version, expires }
const hashes = z.strictObject({ sha256: hex(32) })
const tufKey = z.strictObject({ keytype: z.literal('ed25519'), scheme: z.literal('ed25519'), keyval: z.strictObject({ public: hex(32) }) })
const keys = z.record(keyId, tufKey)
const roleKeys = { keyids: z.array(keyId).min(1), threshold: z.int().min(1) }
const role = z.strictObject(roleKeys)

const rootSigned = z.strictObject({
  _type: z.literal('root'),
  ...signedHead,
  consistent_snapshot: z.literal(true),
  keys,
  roles: z.strictObject({ root: role, targets: role, snapshot: role, timestamp: role }),
})

const targetFile = z.strictObject({ length: z.int().min(0), hashes })
const targetPath = z.string().regex(/^[a-z][a-z-]*(?:\/[A-Za-z0-9][A-Za-z0-9._-]{0,127})+$/)

const targetsSigned = z.strictObject({
  _type: z.literal('targets'),
  ...signedHead,
  targets: z.record(targetPath, targetFile),
  delegations: z
    .strictObject({
      keys,
      roles: z.array(z.strictObject({ name: z.enum(delegatedRoles), ...roleKeys, terminating: z.literal(true), paths: z.array(z.string()).min(1) })),
    })
    .exactOptional(),
})

const metaFile = z.strictObject({ version, length: z.int().min(1), hashes })
const snapshotSigned = z.strictObject({ _type: z.literal('snapshot'), ...signedHead, meta: z.record(z.string().regex(/^[a-z]+\.json$/), metaFile) })
const timestampSigned = z.strictObject({ _type: z.literal('timestamp'), ...signedHead, meta: z.strictObject({ 'snapshot.json': metaFile }) })

const signatures = z.array(z.strictObject({ keyid: keyId, sig: hex(64) }))

export type TufKey = z.infer<typeof tufKey>
export type Signature = z.infer<typeof signatures>[number]
export type RootSigned = z.infer<typeof rootSigned>
export type TargetsSigned = z.infer<typeof targetsSigned>
export type SnapshotSigned = z.infer<typeof snapshotSigned>
export type TimestampSigned = z.infer<typeof timestampSigned>
export type Signed = RootSigned | TargetsSigned | SnapshotSigned | TimestampSigned

export interface Document<S extends Signed> {
  readonly signed: S
  readonly signatures: readonly Signature[]
}

/** Signed parts by `_type`, for documents that carry one of them. */
export const signedSchemas = { root: rootSigned, targets: targetsSigned, snapshot: snapshotSigned, timestamp: timestampSigned }
export const signatureList = signatures

/** @throws PublishError `metadata-invalid` */
export const readRoot = (bytes: Uint8Array): Document<RootSigned> => read('root', z.strictObject({ signatures, signed: rootSigned }), bytes)
/** @throws PublishError `metadata-invalid` */
export const readTargets = (bytes: Uint8Array): Document<TargetsSigned> =>
  read('targets', z.strictObject({ signatures, signed: targetsSigned }), bytes)
/** @throws PublishError `metadata-invalid` */
export const readSnapshot = (bytes: Uint8Array): Document<SnapshotSigned> =>
  read('snapshot', z.strictObject({ signatures, signed: snapshotSigned }), bytes)
/** @throws PublishError `metadata-invalid` */
export const readTimestamp = (bytes: Uint8Array): Document<TimestampSigned> =>
  read('timestamp', z.strictObject({ signatures, signed: timestampSigned }), bytes)

/** What is written, hashed and served. Signatures are over the canonical form of `signed`, see signed-bytes.ts. */
export const writeDocument = (document: Document<Signed>): Uint8Array =>
  new TextEncoder().encode(JSON.stringify({ signatures: document.signatures, signed: document.signed }))

/** @throws PublishError `metadata-invalid` for anything that `schema` does not describe wholly, and for a key given twice. */
export function read<T>(what: string, schema: z.ZodType<T>, bytes: Uint8Array): T {
  const parsed = schema.safeParse(parseJson(what, bytes))
  if (parsed.success) return parsed.data
  throw new PublishError('metadata-invalid', `expected \`${what}\` metadata: ${z.prettifyError(parsed.error)}`, parsed.error)
}

function parseJson(what: string, bytes: Uint8Array): Json {
  try {
    return parseStrictJson(bytes, { maxBytes: limits.targets, maxDepth: 8 })
  } catch (cause) {
    throw new PublishError('metadata-invalid', `expected \`${what}\` metadata as JSON, found something else`, cause)
  }
}
