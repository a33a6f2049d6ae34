// SPDX-License-Identifier: Apache-2.0
//
// Who may turn a desktop into an instance, who may start it, and when that is asked again: PO-1 to PO-3 and PO-6.
import { z } from 'zod'
import { lowerLimit, none, setting, stricterOf } from '../setting.ts'
import { meetUsers, usersSetting, userWords } from '../user-lists.ts'

// Closed lists stand from loosest to strictest.
const activation = z.enum(['none', 'password', 'key'])

const authentication = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('none') }),
  z.strictObject({
    mode: z.literal('password'),
    minLength: z.int().min(1).max(128).describe('Characters that a new password has at least'),
    minClasses: z.int().min(1).max(4).describe('How many of these it has at least: lower case, upper case, digits, everything else'),
    tries: z.int().min(1).max(100).describe('Wrong passwords in a row after which tries are refused'),
    lockMinutes: z.int().min(1).max(10_080).describe('For how many minutes they are refused then'),
  }),
  z.strictObject({
    mode: z.literal('script'),
    script: z
      .string()
      .regex(/^[a-z0-9](?:[a-z0-9.-]{0,62}[a-z0-9])?$/)
      .describe('Of the signed package; it decides who may start the desktop'),
  }),
  z.strictObject({ mode: z.literal('directory') }),
  /** Nothing opens it: what is left of two ways of which neither is the stricter. */
  z.strictObject({ mode: z.literal('nobody') }),
])
type Authentication = z.infer<typeof authentication>

const movedInstances = z.enum(['consent', 'refuse'])

const reAuthentication = z.strictObject({
  afterSleep: z.boolean().describe('Once the computer has slept'),
  idleMinutes: z.int().min(1).max(1440).nullable().describe('Once nobody has touched the computer for so many minutes; null is never'),
})

export const accessSettings = {
  activation: setting({
    row: 'PO-1',
    description: 'What somebody must present to turn an assigned desktop into an instance; the console checks it before it wraps the package key',
    unit: null,
    value: activation,
    default: 'none',
    merge: 'strictest',
    meet: stricterOf(activation.options),
    checked: ['activation'],
    capabilities: none,
    needs: null,
    words: (value) => ({ none: 'nothing to present', password: 'the activation password', key: 'an activation key' })[value],
  }),
  'activation-users': setting({
    row: 'PO-1',
    description: 'Who may activate this desktop, by the names of the directory as the lease claims them',
    unit: null,
    value: usersSetting,
    default: { mode: 'anyone' },
    merge: 'strictest',
    meet: meetUsers,
    checked: ['activation'],
    capabilities: none,
    needs: null,
    words: userWords,
  }),
  'activation-instances': setting({
    row: 'PO-1',
    description: 'How many instances of this desktop one user may activate',
    unit: 'instances of a user',
    value: z.int().min(1).max(1000),
    default: 1,
    merge: 'strictest',
    meet: Math.min,
    checked: ['activation'],
    capabilities: none,
    needs: null,
    words: (value) => `${value} of a user`,
  }),
  authentication: setting({
    row: 'PO-2',
    description: 'What the user must present to start an instance; a password wraps the instance key. Where policies ask for unlike ways, nobody may',
    unit: null,
    value: authentication,
    default: { mode: 'password', minLength: 8, minClasses: 1, tries: 5, lockMinutes: 5 },
    merge: 'strictest',
    meet: meetAuthentication,
    checked: ['power-on'],
    capabilities: ({ mode }) => (mode === 'script' ? ['authentication:script'] : mode === 'directory' ? ['authentication:directory'] : []),
    needs: '`authentication:script` or `authentication:directory`, where one of them is asked for',
    words: authenticationWords,
  }),
  'moved-instances': setting({
    row: 'PO-6',
    description:
      'Whether an instance that was brought here from another device may be bound to this one, by a grant of the help desk and the shares of enough administrators',
    unit: null,
    value: movedInstances,
    default: 'refuse',
    merge: 'strictest',
    meet: stricterOf(movedInstances.options),
    checked: ['power-on'],
    capabilities: none,
    needs: null,
    words: (value) => ({ consent: 'where help desk and administrators consent', refuse: 'never' })[value],
  }),
  're-authentication': setting({
    row: 'PO-3',
    description: 'When the screen of a desktop that runs is locked until its user authenticates again; the guest goes on',
    unit: null,
    value: reAuthentication,
    default: { afterSleep: false, idleMinutes: null },
    merge: 'strictest',
    meet: (one, other) => ({ afterSleep: one.afterSleep || other.afterSleep, idleMinutes: lowerLimit(one.idleMinutes, other.idleMinutes) }),
    checked: ['running'],
    capabilities: ({ afterSleep, idleMinutes }) => [
      ...(afterSleep ? (['re-authentication:sleep'] as const) : []),
      ...(idleMinutes === null ? [] : (['re-authentication:idle'] as const)),
    ],
    needs: '`re-authentication:sleep` or `re-authentication:idle`, as the value says',
    words: ({ afterSleep, idleMinutes }) =>
      [afterSleep ? 'after sleep' : [], idleMinutes === null ? [] : `after ${idleMinutes} idle min`].flat().join(' and ') || 'never',
  }),
}

/** No way is stricter than an unlike one, and nothing here satisfies two at once, so two that are unlike leave nothing. */
function meetAuthentication(one: Authentication, other: Authentication): Authentication {
  if (one.mode === 'none') return other
  if (other.mode === 'none') return one
  if (one.mode === 'password' && other.mode === 'password') {
    return {
      mode: 'password',
      minLength: Math.max(one.minLength, other.minLength),
      minClasses: Math.max(one.minClasses, other.minClasses),
      tries: Math.min(one.tries, other.tries),
      lockMinutes: Math.max(one.lockMinutes, other.lockMinutes),
    }
  }
  if (one.mode === 'script' && other.mode === 'script' && one.script === other.script) return one
  return one.mode === 'directory' && other.mode === 'directory' ? one : { mode: 'nobody' }
}

function authenticationWords(value: Authentication): string {
  switch (value.mode) {
    case 'none':
      return 'nothing'
    case 'password':
      return `a password of ${value.minLength} characters or more from ${value.minClasses === 1 ? '1 class' : `${value.minClasses} classes`}, locked for ${value.lockMinutes} min after ${value.tries} tries`
    case 'script':
      return `what the script ${value.script} asks for`
    case 'directory':
      return "a sign-in to the organisation's directory"
    case 'nobody':
      return 'nobody may start it'
  }
}
