// SPDX-License-Identifier: Apache-2.0
//
// The catalogue: every setting that a policy may hold, defined once. Parser, JSON Schema, forms, merge, decisions and explanations
// come from here. What is not here cannot be set: resources are always verified (PO-7) and a clock that ran back always refuses (PO-8).
import { z } from 'zod'
import { meetNetworks, networkRuleWords, networkSetting } from './network-rules.ts'
import { lowerLimit, type Setting, setting, stricterOf } from './setting.ts'

const limit = (most: number) => z.int().min(0).max(most).nullable()
const minutesPerYear = 527_040
const noCapability = () => null

// Closed lists stand from loosest to strictest.
const activation = z.enum(['none', 'password', 'key'])
const serialPort = z.enum(['captured', 'none'])
const exit = z.enum(['user', 'suspend', 'power-off'])

const authentication = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('none') }),
  z.strictObject({
    mode: z.literal('password'),
    minLength: z.int().min(1).max(128).describe('Characters that a new password has at least'),
    minClasses: z.int().min(1).max(4).describe('How many of these it has at least: lower case, upper case, digits, everything else'),
    tries: z.int().min(1).max(100).describe('Wrong passwords in a row after which tries are refused'),
    lockMinutes: z.int().min(1).max(10_080).describe('For how many minutes they are refused then'),
  }),
])

const expiry = z.strictObject({
  afterDays: z.int().min(1).max(36_500).nullable().describe('Days of 24 hours from the activation on; null is no such end'),
  lastDay: z.iso.date().nullable().describe('The last day, in UTC, to its end; null is no such end'),
  warnDays: z.int().min(0).max(365).describe('How many days before the end the user is warned; 0 is not at all'),
})

const offline = z
  .strictObject({
    warnMinutes: limit(minutesPerYear).describe('When the user is warned'),
    restrictMinutes: limit(minutesPerYear).describe('When the guest loses its network; not before the warning'),
    suspendMinutes: limit(minutesPerYear).describe('When the guest is suspended; not before the network is taken'),
    maxRuntimeMinutes: limit(minutesPerYear).describe('How long desktops may run without contact, added up'),
    maxBoots: limit(100_000).describe('How often desktops may be started without contact'),
  })
  .refine(
    ({ warnMinutes, restrictMinutes, suspendMinutes }) => inOrder(warnMinutes, restrictMinutes) && inOrder(restrictMinutes, suspendMinutes),
    'expected to warn before restricting, and to restrict before suspending',
  )

const clipboard = z.strictObject({ maxTextBytes: z.int().min(0).max(1_048_576).describe('The longest text, in bytes of UTF-8; 0 blocks') })

function clipboardSetting(description: string): Setting<z.infer<typeof clipboard>> {
  return setting({
    row: 'PO-15',
    description,
    unit: 'bytes of text; 0 blocks',
    value: clipboard,
    default: { maxTextBytes: 0 },
    merge: 'strictest',
    meet: (one, other) => ({ maxTextBytes: Math.min(one.maxTextBytes, other.maxTextBytes) }),
    checked: ['power-on', 'running'],
    capability: noCapability,
    needs: null,
    words: ({ maxTextBytes }) => (maxTextBytes === 0 ? 'blocked' : `text up to ${maxTextBytes} bytes`),
  })
}

const settings = {
  activation: setting({
    row: 'PO-1',
    description: 'What somebody must present to turn an assigned desktop into an instance; the console checks it before it wraps the package key',
    unit: null,
    value: activation,
    default: 'none',
    merge: 'strictest',
    meet: stricterOf(activation.options),
    checked: ['activation'],
    capability: noCapability,
    needs: null,
    words: (value) => ({ none: 'nothing to present', password: 'the activation password', key: 'an activation key' })[value],
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
    capability: noCapability,
    needs: null,
    words: (value) => `${value} of a user`,
  }),
  authentication: setting({
    row: 'PO-2',
    description: 'What the user must present to start an instance; a password wraps the instance key',
    unit: null,
    value: authentication,
    default: { mode: 'password', minLength: 8, minClasses: 1, tries: 5, lockMinutes: 5 },
    merge: 'strictest',
    meet: meetAuthentication,
    checked: ['power-on'],
    capability: noCapability,
    needs: null,
    words: (value) =>
      value.mode === 'none'
        ? 'nothing'
        : `a password of ${value.minLength} characters or more from ${value.minClasses === 1 ? '1 class' : `${value.minClasses} classes`}, locked for ${value.lockMinutes} min after ${value.tries} tries`,
  }),
  expiry: setting({
    row: 'PO-4',
    description: 'Until when an instance may be used: days of 24 h after its activation, or through a day (UTC)',
    unit: 'days',
    value: expiry,
    default: { afterDays: null, lastDay: null, warnDays: 0 },
    merge: 'strictest',
    meet: (one, other) => ({
      afterDays: lowerLimit(one.afterDays, other.afterDays),
      lastDay: one.lastDay === null || (other.lastDay !== null && other.lastDay < one.lastDay) ? other.lastDay : one.lastDay,
      warnDays: Math.max(one.warnDays, other.warnDays),
    }),
    checked: ['power-on', 'running'],
    capability: noCapability,
    needs: null,
    words: ({ afterDays, lastDay }) =>
      [afterDays === null ? [] : [`${afterDays} days after activation`], lastDay === null ? [] : [`through ${lastDay}`]].flat().join(' and ') ||
      'never',
  }),
  offline: setting({
    row: 'PO-5',
    description: 'What happens without contact to the console: a warning, then no network, then suspended; counted from the last verified contact',
    unit: 'minutes; null is no limit',
    value: offline,
    default: { warnMinutes: 15, restrictMinutes: 30, suspendMinutes: 60, maxRuntimeMinutes: null, maxBoots: null },
    merge: 'strictest',
    meet: (one, other) => ({
      warnMinutes: lowerLimit(one.warnMinutes, other.warnMinutes),
      restrictMinutes: lowerLimit(one.restrictMinutes, other.restrictMinutes),
      suspendMinutes: lowerLimit(one.suspendMinutes, other.suspendMinutes),
      maxRuntimeMinutes: lowerLimit(one.maxRuntimeMinutes, other.maxRuntimeMinutes),
      maxBoots: lowerLimit(one.maxBoots, other.maxBoots),
    }),
    checked: ['power-on', 'running'],
    capability: noCapability,
    needs: null,
    words: ({ warnMinutes, restrictMinutes, suspendMinutes }) =>
      `warned after ${minutes(warnMinutes)}, no network after ${minutes(restrictMinutes)}, suspended after ${minutes(suspendMinutes)}`,
  }),
  'check-in': setting({
    row: 'PO-5',
    description: 'How long a device waits for the console to wake it before it asks by itself',
    unit: 'seconds',
    value: z.int().min(10).max(86_400),
    default: 300,
    merge: 'strictest',
    meet: Math.min,
    checked: ['running'],
    capability: noCapability,
    needs: null,
    words: (value) => `every ${value} s`,
  }),
  network: setting({
    row: 'PO-9',
    description: 'Which servers the guest may reach; whatever is not listed is refused, outside the guest',
    unit: null,
    value: networkSetting,
    default: { mode: 'none' },
    merge: 'strictest',
    meet: meetNetworks,
    checked: ['power-on', 'running'],
    capability: ({ mode }) => (mode === 'listed' ? 'network:listed' : null),
    needs: '`network:listed`, where servers are listed',
    words: (value) => (value.mode === 'none' ? 'none' : `only ${value.allow.map(networkRuleWords).join(', ')}`),
  }),
  'serial-port': setting({
    row: 'PO-12',
    description: 'The first serial port of the guest: none, or its output kept by the runtime',
    unit: null,
    value: serialPort,
    default: 'none',
    merge: 'strictest',
    meet: stricterOf(serialPort.options),
    checked: ['power-on', 'running'],
    capability: (value) => (value === 'captured' ? 'serial:captured' : null),
    needs: '`serial:captured`, where its output is kept',
    words: (value) => value,
  }),
  'clipboard-to-guest': clipboardSetting('What may be pasted from the host into the guest'),
  'clipboard-from-guest': clipboardSetting('What may be copied from the guest to the host'),
  exit: setting({
    row: 'PO-17',
    description: 'What closing a session does to the guest',
    unit: null,
    value: exit,
    default: 'power-off',
    merge: 'nearest',
    meet: stricterOf(exit.options),
    checked: ['power-on', 'running'],
    capability: (value) => (value === 'suspend' ? 'suspend' : null),
    needs: '`suspend`, where closing suspends',
    words: (value) => ({ user: 'the user decides', suspend: 'suspend', 'power-off': 'power off' })[value],
  }),
  memory: setting({
    row: 'PO-19',
    description: 'The most memory that the guest gets, whatever its machine asks for',
    unit: 'MiB; null is what the machine asks for',
    value: z.strictObject({ maxMiB: z.int().min(16).max(1_048_576).nullable().describe('In MiB; null is what the machine asks for') }),
    default: { maxMiB: null },
    merge: 'strictest',
    meet: (one, other) => ({ maxMiB: lowerLimit(one.maxMiB, other.maxMiB) }),
    checked: ['power-on'],
    capability: noCapability,
    needs: null,
    words: ({ maxMiB }) => (maxMiB === null ? 'what the machine asks for' : `at most ${maxMiB} MiB`),
  }),
}

export type SettingName = keyof typeof settings
export type SettingValues = { readonly [N in SettingName]: (typeof settings)[N] extends Setting<infer V> ? V : never }

/** The catalogue, typed so that a name and its value go together in generic code. */
export const catalogue: { readonly [N in SettingName]: Setting<SettingValues[N]> } = settings

/** In the order of the catalogue, which is that of its rows. */
export const settingNames = Object.keys(settings).filter((name): name is SettingName => Object.hasOwn(settings, name))

function meetAuthentication(one: z.infer<typeof authentication>, other: z.infer<typeof authentication>): z.infer<typeof authentication> {
  if (one.mode === 'none') return other
  if (other.mode === 'none') return one
  return {
    mode: 'password',
    minLength: Math.max(one.minLength, other.minLength),
    minClasses: Math.max(one.minClasses, other.minClasses),
    tries: Math.min(one.tries, other.tries),
    lockMinutes: Math.max(one.lockMinutes, other.lockMinutes),
  }
}

function inOrder(earlier: number | null, later: number | null): boolean {
  return later === null || (earlier !== null && earlier <= later)
}

function minutes(value: number | null): string {
  return value === null ? 'no limit' : `${value} min`
}
