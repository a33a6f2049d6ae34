// SPDX-License-Identifier: Apache-2.0
//
// A key into a plan or out of it, so that nobody edits trust.yaml by hand; what is not changed keeps its form and its comments.
import { decodeBase64url } from '@casemate/policy/base64url'
import { PublishError } from '../src/publish/error.ts'
import { keyIdOf } from '../src/publish/key.ts'
import { TrustError } from './error.ts'
import { type PlanRole, type PlanText, parsePlan, parseYaml, planRoles } from './plan-file.ts'

export interface NewKey {
  /** As the plan calls it. */
  readonly name: string
  readonly holder: string
  /** Ed25519, base64url of 32 bytes. */
  readonly publicKey: string
  readonly roles: readonly PlanRole[]
  /** Of each of `roles` from now on; absent: as it was. */
  readonly threshold?: number
}

export interface GoneKey {
  readonly name: string
  /** Absent: every role that names it; then it leaves the plan's table of keys too. */
  readonly roles?: readonly PlanRole[]
  readonly threshold?: number
}

/**
 * @returns the text of the changed plan.
 * @throws TrustError `plan-invalid`, `key-listed` (the role has this key), `name-taken` (another key or holder has the name);
 * PublishError `key-under-two-ids` (the plan has this public key under another name), `key-invalid`, `role-not-delegated`.
 */
export function addToPlan(path: string, text: string, { name, holder, publicKey, roles, threshold }: NewKey): string {
  const { keys, roles: before } = parsePlan(path, text)
  const keyId = keyIdOf(decodeBase64url(publicKey))
  const [known, other] = [keys[name], Object.entries(keys).find(([, key]) => keyIdOf(decodeBase64url(key.publicKey)) === keyId)?.[0]]
  if (other !== undefined && other !== name) {
    throw new PublishError('key-under-two-ids', `\`${path}\`: the key \`${name}\` is there under the name \`${other}\``)
  }
  if (known !== undefined && (other === undefined || known.holder !== holder)) {
    throw new TrustError('name-taken', `\`${path}\`: \`${name}\` is the name of another key, or of another holder's`)
  }
  const document = parseYaml(path, text)
  if (known === undefined) document.setIn(['keys', name], document.createNode({ holder, publicKey }, { flow: true }))
  for (const role of roles) {
    const found = roleIn(path, before, role)
    if (found.keys.includes(name)) throw new TrustError('key-listed', `\`${path}\`: role \`${role}\` has the key \`${name}\` already`)
    document.addIn(['roles', role, 'keys'], name)
    if (threshold !== undefined) document.setIn(['roles', role, 'threshold'], threshold)
  }
  return document.toString({ lineWidth: 0 })
}

/**
 * @returns the text of the changed plan.
 * @throws TrustError `plan-invalid`, `key-not-listed`; PublishError `threshold-invalid` (fewer keys than a role's threshold would be
 * left), `role-not-delegated`.
 */
export function removeFromPlan(path: string, text: string, { name, roles: wanted, threshold }: GoneKey): string {
  const { roles: before } = parsePlan(path, text)
  const document = parseYaml(path, text)
  const roles = wanted ?? planRoles.filter((role) => before[role]?.keys.includes(name))
  if (roles.length === 0) throw new TrustError('key-not-listed', `\`${path}\`: no role has a key \`${name}\``)
  for (const role of roles) {
    const found = roleIn(path, before, role)
    const index = found.keys.indexOf(name)
    if (index < 0) throw new TrustError('key-not-listed', `\`${path}\`: role \`${role}\` has no key \`${name}\``)
    const needed = threshold ?? found.threshold
    if (needed > found.keys.length - 1) {
      const left = `${found.keys.length - 1} keys`
      throw new PublishError('threshold-invalid', `role \`${role}\` would be left with ${left} and a threshold of ${needed}: add one first`)
    }
    document.deleteIn(['roles', role, 'keys', index])
    if (threshold !== undefined) document.setIn(['roles', role, 'threshold'], threshold)
  }
  const isNamed = planRoles.some((role) => before[role]?.keys.includes(name) && !roles.includes(role))
  if (!isNamed) document.deleteIn(['keys', name])
  return document.toString({ lineWidth: 0 })
}

function roleIn(path: string, roles: PlanText['roles'], role: PlanRole): { readonly threshold: number; readonly keys: readonly string[] } {
  const found = roles[role]
  if (found === undefined) throw new PublishError('role-not-delegated', `\`${path}\`: the plan has no role \`${role}\``)
  return found
}
