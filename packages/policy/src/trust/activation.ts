// SPDX-License-Identifier: Apache-2.0
//
// PO-1, as the console decides it before it wraps a package key for a device: the secret gates the key. The console checks a password
// against its own argon2id record, and finds a key by its SHA-256; what comes here is what it found.
import type { SettingValues } from '../model/settings.ts'
import { namesUser } from '../model/user-lists.ts'
import { sha256Hex } from './sha256.ts'

export type ActivationSettings = Pick<SettingValues, 'activation' | 'activation-users' | 'activation-instances'>

export interface ActivationAttempt {
  readonly settings: ActivationSettings
  /** Of the device's user, as its leases say them. */
  readonly claims: { readonly user: string | null; readonly groups: readonly string[] }
  /** What was presented, checked: `none`, a password that is right or wrong, or a key with the uses that it has left (0 if unknown). */
  readonly presented:
    | { readonly kind: 'none' }
    | { readonly kind: 'password'; readonly right: boolean }
    | { readonly kind: 'key'; readonly usesLeft: number }
  /** Instances of this desktop that the user has elsewhere; this one, activated again, does not count. */
  readonly otherInstances: number
  /** Null: as many as they like. */
  readonly totalLeft: number | null
}

export type ActivationRefusal = 'activation-not-for-user' | 'activation-refused' | 'activation-used-up'

/** `usesKey`: take one use off the key that was presented, in the same transaction as the activation. */
export type ActivationDecision =
  | { readonly allowed: true; readonly usesKey: boolean }
  | { readonly allowed: false; readonly code: ActivationRefusal; readonly message: string }

/** Order of checks: 1 who asks; 2 what was presented; 3 uses of a key; 4 instances of the user; 5 the total allowance. */
export function decideActivation({ settings, claims, presented, otherInstances, totalLeft }: ActivationAttempt): ActivationDecision {
  if (!namesUser(settings['activation-users'], claims)) {
    const who = claims.user === null ? 'a device without a user' : `\`${claims.user}\``
    return { allowed: false, code: 'activation-not-for-user', message: `expected a user whom the policy lists, found ${who}` }
  }
  if (!isRight(settings.activation, presented)) {
    return { allowed: false, code: 'activation-refused', message: `expected ${wanted[settings.activation]}, found ${given(presented)}` }
  }
  if (settings.activation === 'key' && presented.kind === 'key' && presented.usesLeft < 1) return usedUp('this activation key has no use left')
  if (otherInstances >= settings['activation-instances']) return usedUp(`the user has ${otherInstances} instances, the most that the policy allows`)
  if (totalLeft !== null && totalLeft < 1) return usedUp('all activations of this desktop are used up')
  return { allowed: true, usesKey: settings.activation === 'key' }
}

/** A typed activation key as the console stores and finds it: blanks, hyphens and case do not matter. */
export async function activationKeyDigest(typed: string): Promise<string> {
  return sha256Hex(new TextEncoder().encode(`casemate-activation-key-1 ${typed.normalize('NFKC').replace(/[\s-]/g, '').toUpperCase()}`))
}

const wanted = { none: 'nothing', password: 'the activation password', key: 'an activation key' } as const

function isRight(setting: SettingValues['activation'], presented: ActivationAttempt['presented']): boolean {
  switch (setting) {
    case 'none':
      return true
    case 'password':
      return presented.kind === 'password' && presented.right
    case 'key':
      return presented.kind === 'key'
  }
}

function given(presented: ActivationAttempt['presented']): string {
  return presented.kind === 'password' && !presented.right
    ? 'a wrong password'
    : { none: 'nothing', password: 'a password', key: 'a key' }[presented.kind]
}

function usedUp(message: string): ActivationDecision {
  return { allowed: false, code: 'activation-used-up', message }
}
