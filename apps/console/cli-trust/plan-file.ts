// SPDX-License-Identifier: Apache-2.0
//
// trust.yaml: who holds which key, and how many of them each role needs. Public keys only. Strict: no unknown field, no key twice.
import { decodeBase64url } from '@casemate/policy/base64url'
import { parseDocument } from 'yaml'
import { z } from 'zod'
import { readSmallFile } from '../cli/files.ts'
import { type HeldKey, keyIdOf, type RoleKeys } from '../src/publish/key.ts'
import type { Delegations, RootKeys } from '../src/publish/role-keys.ts'
import { TrustError } from './error.ts'

const label = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/)
const role = z.strictObject({ threshold: z.int().min(1), keys: z.array(label).min(1) })
const plan = z.strictObject({
  keys: z.record(label, z.strictObject({ holder: z.string().min(1).max(200), publicKey: z.string().length(43) })),
  roles: z.strictObject({
    root: role,
    targets: role,
    snapshot: role,
    timestamp: role,
    packages: role.exactOptional(),
    policies: role.exactOptional(),
    releases: role.exactOptional(),
  }),
})

export interface TrustPlan {
  readonly keys: RootKeys
  readonly delegations: Delegations
}

/** @throws TrustError `plan-invalid`; AdminError `file-unreadable`; PolicyError `base64url-invalid`; PublishError `key-invalid`. */
export async function readPlanFile(path: string): Promise<TrustPlan> {
  const parsed = plan.safeParse(parseYaml(path, (await readSmallFile(path, 65_536)).toString('utf8')))
  if (!parsed.success) throw invalid(path, z.prettifyError(parsed.error), parsed.error)
  const { keys, roles } = parsed.data
  const held = new Map(Object.entries(keys).map(([name, { holder, publicKey }]) => [name, heldKey(holder, decodeBase64url(publicKey))]))
  const roleOf = ({ threshold, keys: names }: z.infer<typeof role>): RoleKeys => ({
    threshold,
    keys: names.map((name) => {
      const key = held.get(name)
      if (key === undefined) throw invalid(path, `no key is called \`${name}\``)
      return key
    }),
  })
  const { root, targets, snapshot, timestamp, ...delegated } = roles
  return {
    keys: { root: roleOf(root), targets: roleOf(targets), snapshot: roleOf(snapshot), timestamp: roleOf(timestamp) },
    delegations: Object.fromEntries(Object.entries(delegated).map(([name, approvers]) => [name, roleOf(approvers)])),
  }
}

const heldKey = (holder: string, publicKey: Uint8Array): HeldKey => ({ holder, publicKey, keyId: keyIdOf(publicKey) })

function parseYaml(path: string, text: string): unknown {
  const document = parseDocument(text, { version: '1.2', schema: 'core', strict: true, uniqueKeys: true })
  const [problem] = [...document.errors, ...document.warnings]
  if (problem !== undefined) throw invalid(path, problem.message, problem)
  try {
    return document.toJS({ maxAliasCount: 0 })
  } catch (cause) {
    throw invalid(path, 'expected no aliases', cause)
  }
}

const invalid = (path: string, message: string, cause?: unknown): TrustError => new TrustError('plan-invalid', `\`${path}\`: ${message}`, cause)
