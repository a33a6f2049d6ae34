// SPDX-License-Identifier: Apache-2.0
//
// The order of the checks: each fault together with the one that is checked next, of which only the first may be named.
import type { WrittenRule } from '../scenario.ts'
import { day, now, type Scenario } from '../scenario.ts'

type Change = NonNullable<Scenario['change']>
type Fault = readonly [expect: Extract<Scenario['expect'], string>, change: Change]

const rules: readonly WrittenRule[] = [
  { setting: 'authentication', value: { mode: 'password', minLength: 8, minClasses: 1, tries: 5, lockMinutes: 5 } },
  { setting: 'expiry', value: { afterDays: 30, lastDay: null, warnDays: 0 } },
  { setting: 'offline', value: { warnMinutes: 60, restrictMinutes: 60, suspendMinutes: 60, maxRuntimeMinutes: 100, maxBoots: 10 } },
  { setting: 'exit', value: 'suspend' },
  { setting: 're-authentication', value: { afterSleep: true, idleMinutes: null } },
  {
    setting: 'posture',
    value: { systems: null, diskEncrypted: true, screenLock: false, processes: [], files: [], otherwise: 'refuse' },
  },
]

const set = <T extends object>(target: T, values: Partial<T>): void => {
  Object.assign(target, values)
}

/** Each fault on its own is refused with its own code. */
export const faults: readonly Fault[] = [
  ['clock-behind', ({ facts }) => set(facts.clock, { system: now - 301 })],
  ['lease-missing', (input) => Object.assign(input, { lease: null })],
  ['lease-foreign', ({ lease }) => set(lease, { sub: 'laptop-2' })],
  ['lease-older', ({ lease }) => set(lease, { seq: 39 })],
  ['lease-suspended', ({ lease }) => set(lease, { action: 'suspend', suspension: { why: 'reported lost', contact: 'the help desk' } })],
  ['lease-not-yet-valid', ({ lease }) => set(lease, { iat: now + 301, exp: now + day })],
  ['lease-expired', ({ lease }) => set(lease, { exp: now })],
  ['repository-behind', ({ lease }) => set(lease.tuf, { root: 2 })],
  ['desktop-not-assigned', ({ lease }) => set(lease, { assign: [] })],
  ['release-older', ({ facts }) => set(facts.floors, { serials: { office: 8 } })],
  ['release-mismatch', ({ release }) => set(release, { sha256: '00'.repeat(32) })],
  ['package-altered', ({ facts }) => set(facts, { package: 'altered' })],
  ['policy-missing', ({ policies }) => policies.splice(0)],
  ['runtime-too-old', ({ facts }) => set(facts, { runtimeVersion: '0.0.9' })],
  ['package-not-yet-valid', ({ release }) => set(release.validity, { notBefore: now + 1 })],
  ['package-expired', ({ release }) => set(release.validity, { notAfter: now })],
  ['instance-moved', ({ request }) => set(request.instance, { boundTo: 'another-device' })],
  ['activation-needed', ({ lease }) => set(lease, { assign: lease.assign.map((assigned) => ({ ...assigned, key: null })) })],
  [
    'host-refuses',
    ({ facts }) => set(facts, { hostWide: [{ organisation: 'bank', values: { 'host-desktops': { mode: 'listed', desktops: [] } } }] }),
  ],
  ['posture-failed', ({ facts }) => set(facts.posture, { diskEncrypted: null })],
  ['instance-expired', ({ request }) => set(request.instance, { activatedAt: now - 31 * day })],
  [
    'offline-too-long',
    ({ lease, facts }) => {
      lease.iat = now - day
      facts.contactAt = null
    },
  ],
  ['offline-runtime-used-up', ({ facts }) => set(facts.sinceContact, { runtimeMinutes: 100 })],
  ['offline-boots-used-up', ({ facts }) => set(facts.sinceContact, { boots: 11 })],
  [
    'authentication-impossible',
    ({ policies }) => {
      for (const { document } of policies) document.rules.push({ setting: 'authentication', value: { mode: 'nobody' }, locked: false, when: {} })
    },
  ],
  ['authentication-locked', ({ request }) => set(request.instance, { lockedUntil: now + 1 })],
  [
    'authentication-again',
    ({ request }) => {
      request.kind = 'show'
      set(request.instance, { authentication: 'missing', screenLocked: true })
    },
  ],
  ['authentication-unset', ({ request }) => set(request.instance, { authentication: 'unset' })],
  ['authentication-missing', ({ request }) => set(request.instance, { authentication: 'missing' })],
  ['authentication-wrong', ({ request }) => set(request.instance, { authentication: 'wrong' })],
  ['engine-missing', ({ facts }) => set(facts, { engines: [] })],
  ['capability-missing', ({ facts }) => set(facts, { engines: [{ name: 'qemu', capabilities: ['suspend'] }] })],
]

/** One that a file would be too long for: more network rules than a plan holds. It comes after the first of these and before the second. */
export const tooLarge = {
  after: 'activation-needed',
  before: 'host-refuses',
  change: (({ policies: [first] }) => {
    const rules = Array.from({ length: 501 }, (_, at) => ({
      protocol: 'tcp' as const,
      cidr: '0.0.0.0/0',
      ports: [at + 1, at + 1] as [number, number],
    }))
    first?.document.rules.push({ setting: 'network', value: { mode: 'listed', allow: rules, deny: rules }, locked: false, when: {} })
  }) satisfies Change,
} as const

export const faultless: Change = ({ facts, request }) => {
  set(request.instance, { authentication: 'passed' })
  const offered = facts.engines.map(({ name, capabilities }) => ({ name, capabilities: [...capabilities, 're-authentication:sleep' as const] }))
  set(facts, { engines: offered })
  set(facts.posture, { diskEncrypted: { value: true, from: 'observed' } })
}
export const layers = [{ layer: 'organisation' as const, rules }]

export const orderScenarios: readonly Scenario[] = [
  {
    name: 'order-00-runs',
    about: 'Without any of the faults of this list it runs',
    rows: [],
    layers,
    change: faultless,
    expect: { plan: { exit: 'suspend' } },
  },
  ...faults.map(([expect, change], index): Scenario => {
    const [following, andThen] = faults[index + 1] ?? []
    return {
      name: `order-${String(index + 1).padStart(2, '0')}-${expect}`,
      about: following === undefined ? `\`${expect}\` alone` : `\`${expect}\` and \`${following}\` at once: the first is named`,
      rows: [],
      layers,
      change: (input) => {
        faultless(input)
        // Backwards, so that of two faults in one field the first stands.
        andThen?.(input)
        change(input)
      },
      expect,
    }
  }),
]
