// SPDX-License-Identifier: Apache-2.0
//
// The form of TUF metadata (https://theupdateframework.github.io/specification/v1.0.31/, section 4), strictly.
import { z } from 'zod'

const name = z
  .string()
  .min(1)
  .max(200)
  .refine((text) => text !== '__proto__', 'expected another name')
const fileName = z.string().max(210).endsWith('.json')
const version = z.int().min(1)
const signedHead = { spec_version: z.string().regex(/^1\.[0-9]+(?:\.[0-9]+)?$/), version, expires: z.iso.datetime() }
const threshold = z.int().min(1)
const hex = (digits: number) => z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`))

/** Makes an object's schema of its fields: `z.strictObject`, or `z.object`, which passes over unknown fields. */
type ObjectOf = <S extends z.core.$ZodLooseShape>(shape: S) => z.ZodObject<z.core.util.Writeable<S>>

function schemasWith(object: ObjectOf) {
  // A table without any digest would let every content pass.
  const hashes = object({ sha256: hex(64).exactOptional(), sha512: hex(128).exactOptional() }).refine(
    (digests) => Object.keys(digests).length > 0,
    'expected `sha256` or `sha512`',
  )
  const key = object({ keytype: z.string(), scheme: z.string(), keyval: object({ public: z.string().max(10_000) }) })
  const role = object({ keyids: z.array(name), threshold })
  const metaFile = object({ version, length: z.int().min(0).exactOptional(), hashes: hashes.exactOptional() })
  const delegatedRole = object({
    name,
    keyids: z.array(name),
    threshold,
    terminating: z.boolean(),
    paths: z.array(z.string().max(1000)).exactOptional(),
    path_hash_prefixes: z.array(z.string().regex(/^[0-9a-f]*$/)).exactOptional(),
  })
  const succinctRoles = object({ keyids: z.array(name), threshold, bit_length: z.int().min(1).max(32), name_prefix: name })
  const delegations = object({
    keys: z.record(name, key),
    roles: z.array(delegatedRole).exactOptional(),
    succinct_roles: succinctRoles.exactOptional(),
  })
  const target = object({ length: z.int().min(0), hashes, custom: z.record(z.string(), z.unknown()).exactOptional() })
  const signatures = z.array(object({ keyid: name, sig: z.string().regex(/^(?:[0-9a-fA-F]{2})*$/) }))
  const roles = object({ root: role, timestamp: role, snapshot: role, targets: role })
  const root = object({ _type: z.literal('root'), ...signedHead, consistent_snapshot: z.boolean(), keys: z.record(name, key), roles })
  const timestamp = object({ _type: z.literal('timestamp'), ...signedHead, meta: object({ 'snapshot.json': metaFile }) })
  const snapshot = object({ _type: z.literal('snapshot'), ...signedHead, meta: z.record(fileName, metaFile) })
  const targets = object({
    _type: z.literal('targets'),
    ...signedHead,
    targets: z.record(z.string(), target),
    delegations: delegations.exactOptional(),
  })
  return {
    root: object({ signatures, signed: root }),
    timestamp: object({ signatures, signed: timestamp }),
    snapshot: object({ signatures, signed: snapshot }),
    targets: object({ signatures, signed: targets }),
  }
}

/** `refuse` is the rule for our own repositories; TUF itself lets others carry fields of their own. */
export const schemas = { refuse: schemasWith(z.strictObject), ignore: schemasWith(z.object) }
export type UnknownFields = keyof typeof schemas

type Schemas = (typeof schemas)['refuse']
export type Root = z.infer<Schemas['root']>['signed']
export type Timestamp = z.infer<Schemas['timestamp']>['signed']
export type Snapshot = z.infer<Schemas['snapshot']>['signed']
export type Targets = z.infer<Schemas['targets']>['signed']
export type KeyTable = Root['keys']
