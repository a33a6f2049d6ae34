// SPDX-License-Identifier: Apache-2.0
//
// Metadata read before tuf-js sees it. These checks are of form only; signatures, hashes and the chain of versions are tuf-js's.
// They refuse what tuf-js would let pass and never admit anything.
import { type Json, parseStrictJson } from '@casemate/policy/strict-json'
import { z } from 'zod'
import { UpdateError } from './error.ts'
import { keyIdentity } from './key-identity.ts'
import { type KeyTable, type Root, type Snapshot, schemas, type Targets, type Timestamp, type UnknownFields } from './metadata-schema.ts'

interface RoleKeys {
  readonly keyids: readonly string[]
  readonly threshold: number
}

/** @throws UpdateError `metadata-invalid`, `duplicate-signature`, `key-under-two-ids`. */
export function readRoot(bytes: Uint8Array, unknownFields: UnknownFields): Root {
  const root = read('root', schemas[unknownFields].root, bytes)
  checkKeys('root', root.keys)
  return root
}

/** @throws UpdateError `metadata-invalid`, `duplicate-signature`. */
export const readTimestamp = (bytes: Uint8Array, unknownFields: UnknownFields): Timestamp =>
  read('timestamp', schemas[unknownFields].timestamp, bytes)

/** @throws UpdateError `metadata-invalid`, `duplicate-signature`. */
export const readSnapshot = (bytes: Uint8Array, unknownFields: UnknownFields): Snapshot => read('snapshot', schemas[unknownFields].snapshot, bytes)

/** @throws UpdateError `metadata-invalid`, `duplicate-signature`, `key-under-two-ids`, `threshold-unsound`. */
export function readTargets(role: string, bytes: Uint8Array, unknownFields: UnknownFields): Targets {
  const targets = read(role, schemas[unknownFields].targets, bytes)
  if (targets.delegations === undefined) return targets
  const { keys, roles, succinct_roles: bins } = targets.delegations
  checkKeys(role, keys)
  for (const delegated of roles ?? []) {
    checkName(delegated.name)
    checkThreshold(delegated.name, delegated, keys)
  }
  if (bins !== undefined) checkThreshold(bins.name_prefix, bins, keys)
  return targets
}

/**
 * Only of the newest root: one between it and the trusted one may have been unsound without harm, and refusing it would leave the
 * device behind for ever.
 * @throws UpdateError `threshold-unsound`
 */
export function checkRootThresholds(root: Root): void {
  for (const [name, role] of Object.entries(root.roles)) checkThreshold(name, role, root.keys)
}

function read<S>(what: string, schema: z.ZodType<{ signed: S; signatures: { keyid: string }[] }>, bytes: Uint8Array): S {
  const parsed = schema.safeParse(parseJson(what, bytes))
  if (!parsed.success) throw new UpdateError('metadata-invalid', `expected \`${what}\` metadata: ${z.prettifyError(parsed.error)}`, parsed.error)
  const { signed, signatures } = parsed.data
  const repeated = firstRepeated(signatures.map(({ keyid }) => keyid))
  if (repeated !== undefined)
    throw new UpdateError('duplicate-signature', `expected one signature a key on \`${what}\`, found more by \`${repeated}\``)
  return signed
}

function parseJson(what: string, bytes: Uint8Array): Json {
  try {
    return parseStrictJson(bytes, { maxBytes: bytes.byteLength, maxDepth: 16 })
  } catch (cause) {
    throw new UpdateError('metadata-invalid', `expected \`${what}\` metadata as JSON, found something else`, cause)
  }
}

/** A key under two ids would count twice towards a threshold. */
function checkKeys(what: string, keys: KeyTable): void {
  const repeated = firstRepeated(Object.entries(keys).map(([keyId, key]) => keyIdentity(keyId, key)))
  if (repeated !== undefined)
    throw new UpdateError('key-under-two-ids', `expected each public key of \`${what}\` under one id, found \`${repeated}\` under two`)
}

function checkThreshold(name: string, { keyids, threshold }: RoleKeys, keys: KeyTable): void {
  const known = new Set(keyids.filter((keyId) => Object.hasOwn(keys, keyId))).size
  if (threshold > known) throw new UpdateError('threshold-unsound', `expected a threshold of at most ${known} for \`${name}\`, found ${threshold}`)
}

/** tuf-js keeps each role in a file of its name: where letter case does not matter, `Root` would be root's. */
function checkName(role: string): void {
  if (['root', 'timestamp', 'snapshot', 'targets'].includes(role.toLowerCase())) {
    throw new UpdateError('metadata-invalid', `expected the name of a delegated role, found \`${role}\``)
  }
}

function firstRepeated(texts: readonly string[]): string | undefined {
  const seen = new Set<string>()
  for (const text of texts) {
    if (seen.has(text)) return text
    seen.add(text)
  }
  return undefined
}
