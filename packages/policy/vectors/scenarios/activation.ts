// SPDX-License-Identifier: Apache-2.0
//
// PO-1: what the console makes of an attempt to activate. Every refusal names the scenario in which one thing differs and it succeeds.
import type { ActivationAttempt, ActivationRefusal, ActivationSettings } from '../../src/trust/activation.ts'

export interface ActivationScenario {
  /** File name without its ending. */
  readonly name: string
  readonly about: string
  readonly attempt: ActivationAttempt
  /** Whether a use of the key is taken, or why not. */
  readonly expect: { readonly usesKey: boolean } | { readonly refused: ActivationRefusal; readonly twin: string }
}

type Change = Omit<Partial<ActivationAttempt>, 'settings'> & { readonly settings?: Partial<ActivationSettings> }

const attempt = ({ settings, ...change }: Change): ActivationAttempt => ({
  settings: { activation: 'none', 'activation-users': { mode: 'anyone' }, 'activation-instances': 1, ...settings },
  claims: { user: 'ada', groups: ['staff'] },
  presented: { kind: 'none' },
  otherInstances: 0,
  totalLeft: null,
  ...change,
})

const allowed = (name: string, about: string, change: Change, usesKey = false): ActivationScenario => ({
  ...{ name, about, attempt: attempt(change), expect: { usesKey } },
})
const refused = (name: string, about: string, code: ActivationRefusal, twin: string, change: Change): ActivationScenario => ({
  ...{ name, about, attempt: attempt(change), expect: { refused: code, twin } },
})

const password = (right: boolean) => ({ kind: 'password' as const, right })
const key = (usesLeft: number) => ({ kind: 'key' as const, usesLeft })
const listed = (...allOf: { users: string[]; groups: string[] }[]) => ({ 'activation-users': { mode: 'listed' as const, allOf } })
const asksPassword = { activation: 'password' as const }
const asksKey = { activation: 'key' as const }

export const activationScenarios: readonly ActivationScenario[] = [
  allowed('none', 'Nothing is asked for, and nothing is presented', {}),
  allowed('none-with-password', 'Nothing is asked for; what is presented does not matter', { presented: password(false) }),

  allowed('password-right', 'The activation password', { settings: asksPassword, presented: password(true) }),
  refused('password-wrong', 'Another password', 'activation-refused', 'password-right', { settings: asksPassword, presented: password(false) }),
  refused('password-missing', 'No password', 'activation-refused', 'password-right', { settings: asksPassword }),
  refused('password-key', 'A key where a password is asked for', 'activation-refused', 'password-right', {
    ...{ settings: asksPassword, presented: key(1) },
  }),

  allowed('key-last-use', 'A key with one use left, which it takes', { settings: asksKey, presented: key(1) }, true),
  allowed('key-many-uses', 'A key with many uses left', { settings: asksKey, presented: key(25) }, true),
  refused('key-used-up', 'A key without a use left, or one that is unknown', 'activation-used-up', 'key-last-use', {
    ...{ settings: asksKey, presented: key(0) },
  }),
  refused('key-missing', 'No key', 'activation-refused', 'key-last-use', { settings: asksKey }),
  refused('key-password', 'The right password where a key is asked for', 'activation-refused', 'key-last-use', {
    ...{ settings: asksKey, presented: password(true) },
  }),

  allowed('users-by-name', 'The user is listed', { settings: listed({ users: ['ada', 'bob'], groups: [] }) }),
  refused('users-other', 'Others are listed', 'activation-not-for-user', 'users-by-name', { settings: listed({ users: ['bob'], groups: [] }) }),
  allowed('users-by-group', 'A group of the user is listed', { settings: listed({ users: ['bob'], groups: ['staff'] }) }),
  refused('users-left-group', 'The user has left the group', 'activation-not-for-user', 'users-by-group', {
    ...{ settings: listed({ users: ['bob'], groups: ['staff'] }), claims: { user: 'ada', groups: [] } },
  }),
  refused('users-nobody', 'An empty list names nobody', 'activation-not-for-user', 'none', { settings: listed({ users: [], groups: [] }) }),
  allowed('users-all-lists', 'Of lists of two layers, both name the user', {
    settings: listed({ users: ['ada'], groups: [] }, { users: [], groups: ['staff'] }),
  }),
  refused('users-one-list', 'Of lists of two layers, one does not name the user', 'activation-not-for-user', 'users-all-lists', {
    settings: listed({ users: ['bob'], groups: [] }, { users: [], groups: ['staff'] }),
  }),
  allowed('users-device-by-group', 'A device that is nobody`s in particular, by its group', {
    ...{ settings: listed({ users: ['ada'], groups: ['staff'] }), claims: { user: null, groups: ['staff'] } },
  }),
  refused('users-device', 'A device that is nobody`s in particular, without the group', 'activation-not-for-user', 'users-device-by-group', {
    ...{ settings: listed({ users: ['ada'], groups: ['staff'] }), claims: { user: null, groups: [] } },
  }),

  allowed('instances-last', 'The last instance that the user may have', { settings: { 'activation-instances': 3 }, otherInstances: 2 }),
  refused('instances-too-many', 'One instance too many', 'activation-used-up', 'instances-last', {
    ...{ settings: { 'activation-instances': 3 }, otherInstances: 3 },
  }),
  allowed('total-last', 'The last activation of the total allowance', { totalLeft: 1 }),
  refused('total-used-up', 'No activation is left', 'activation-used-up', 'total-last', { totalLeft: 0 }),
  refused('total-overdrawn', 'The allowance was lowered below what is activated', 'activation-used-up', 'total-last', { totalLeft: -2 }),

  refused('order-user-before-password', 'A wrong password of somebody who is not listed', 'activation-not-for-user', 'password-wrong', {
    ...{ settings: { ...asksPassword, ...listed({ users: ['bob'], groups: [] }) }, presented: password(false) },
  }),
  refused('order-password-before-allowance', 'A wrong password where no activation is left', 'activation-refused', 'total-used-up-with-password', {
    ...{ settings: asksPassword, presented: password(false), totalLeft: 0 },
  }),
  refused('total-used-up-with-password', 'The right password where no activation is left', 'activation-used-up', 'password-right', {
    ...{ settings: asksPassword, presented: password(true), totalLeft: 0 },
  }),
]
