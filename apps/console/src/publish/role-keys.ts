// SPDX-License-Identifier: Apache-2.0
//
// Who signs what: the key tables and roles that root and targets carry.
import { type HeldKey, keyTable, type PublicKey, type RoleKeys, roleOf } from './key.ts'
import { type DelegatedRole, delegatedRoles, type RootSigned, type TargetsSigned } from './metadata.ts'
import { delegatedPaths } from './target-path.ts'

/** Keys of the four roles that root names. Root and targets stay offline; snapshot and timestamp are the console's. */
export interface RootKeys {
  readonly root: RoleKeys
  readonly targets: RoleKeys
  readonly snapshot: RoleKeys<PublicKey>
  readonly timestamp: RoleKeys<PublicKey>
}

/** Approvers of each delegated role; a role that is not named does not exist. Thresholds of 1 or 2. */
export type Delegations = Partial<Readonly<Record<DelegatedRole, RoleKeys>>>

/** @throws PublishError `key-under-two-ids`, `key-id-wrong`, `key-invalid`, `threshold-invalid`. */
export function rootRoles({ root, targets, snapshot, timestamp }: RootKeys): Pick<RootSigned, 'keys' | 'roles'> {
  return {
    keys: keyTable([...root.keys, ...targets.keys, ...snapshot.keys, ...timestamp.keys]),
    roles: {
      root: roleOf('root', root, { approvals: people(root.keys), most: 100 }),
      targets: roleOf('targets', targets, { approvals: people(targets.keys), most: 100 }),
      snapshot: roleOf('snapshot', snapshot, { approvals: snapshot.keys.length, most: 2 }),
      timestamp: roleOf('timestamp', timestamp, { approvals: timestamp.keys.length, most: 2 }),
    },
  }
}

/** @throws PublishError as {@link rootRoles}. */
export function delegationTable(delegations: Delegations): NonNullable<TargetsSigned['delegations']> {
  const roles = delegatedRoles.flatMap((name) => {
    const approvers = delegations[name]
    return approvers === undefined ? [] : [{ name, approvers }]
  })
  return {
    keys: keyTable(roles.flatMap(({ approvers }) => approvers.keys)),
    roles: roles.map(({ name, approvers }) => ({
      name,
      ...roleOf(name, approvers, { approvals: people(approvers.keys), most: 2 }),
      terminating: true as const,
      paths: [...delegatedPaths[name]],
    })),
  }
}

export const heldKeys = (keys: RootKeys): readonly HeldKey[] => [...keys.root.keys, ...keys.targets.keys]
export const approverKeys = (delegations: Delegations): readonly HeldKey[] => delegatedRoles.flatMap((name) => delegations[name]?.keys ?? [])

/** Two keys of one person make one approval, so they do not make a threshold of two reachable. */
const people = (keys: readonly HeldKey[]): number => new Set(keys.map(({ holder }) => holder)).size
