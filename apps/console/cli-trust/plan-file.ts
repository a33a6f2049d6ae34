// SPDX-License-Identifier: Apache-2.0
//
// trust.yaml: who holds which key, and how many of them each role needs. Public keys only. Strict: no unknown field, no key twice.
import { decodeBase64url } from '@casemate/policy/base64url'
import { type Document, parseDocument } from 'yaml'
import { z } from 'zod'
import { readSmallFile } from '../cli/files.ts'
import { PublishError } from '../src/publish/error.ts'
import { type HeldKey, keyIdOf, type RoleKeys } from '../src/publish/key.ts'
import { delegatedRoles } from '../src/publish/metadata.ts'
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

export type PlanText = z.infer<typeof plan>
export type PlanRole = keyof PlanText['roles']
export const planRoles = ['root', 'targets', 'snapshot', 'timestamp', ...delegatedRoles] as const satisfies readonly PlanRole[]

export interface TrustPlan {
  readonly keys: RootKeys
  readonly delegations: Delegations
}

/** As {@link readPlan}. @throws AdminError `file-unreadable`, and what `readPlan` throws. */
export const readPlanFile = async (path: string): Promise<TrustPlan> => readPlan(path, parsePlan(path, await readPlanText(path)))

export const readPlanText = async (path: string): Promise<string> => (await readSmallFile(path, 65_536)).toString('utf8')

/** @throws TrustError `plan-invalid` */
export function parsePlan(path: string, text: string): PlanText {
  const parsed = plan.safeParse(plainOf(path, parseYaml(path, text)))
  if (!parsed.success) throw invalid(path, z.prettifyError(parsed.error), parsed.error)
  return parsed.data
}

/** @throws TrustError `plan-invalid`; PolicyError `base64url-invalid`; PublishError `key-invalid`, `key-under-two-ids` (one public key under two names). */
export function readPlan(path: string, { keys, roles }: PlanText): TrustPlan {
  const held = new Map(Object.entries(keys).map(([name, { holder, publicKey }]) => [name, heldKey(holder, decodeBase64url(publicKey))]))
  checkNames(held)
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

function checkNames(held: ReadonlyMap<string, HeldKey>): void {
  const nameOf = new Map<string, string>()
  for (const [name, { keyId }] of held) {
    const other = nameOf.get(keyId)
    if (other !== undefined) throw new PublishError('key-under-two-ids', `one public key is given under the names \`${other}\` and \`${name}\``)
    nameOf.set(keyId, name)
  }
}

/** The document with its comments, to be changed and written again. @throws TrustError `plan-invalid` */
export function parseYaml(path: string, text: string): Document.Parsed {
  const document = parseDocument(text, { version: '1.2', schema: 'core', strict: true, uniqueKeys: true })
  const [problem] = [...document.errors, ...document.warnings]
  if (problem !== undefined) throw invalid(path, problem.message, problem)
  return document
}

function plainOf(path: string, document: Document.Parsed): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 })
  } catch (cause) {
    throw invalid(path, 'expected no aliases', cause)
  }
}

const invalid = (path: string, message: string, cause?: unknown): TrustError => new TrustError('plan-invalid', `\`${path}\`: ${message}`, cause)
