// SPDX-License-Identifier: Apache-2.0
//
// Random but valid: values of every setting, rules, and whole releases with their layers.
import fc from 'fast-check'
import type { ApprovedPolicy } from '../src/decision/merge.ts'
import { formatCidr } from '../src/model/cidr.ts'
import { type Policy, policy } from '../src/model/policy.ts'
import type { LayerReference } from '../src/model/release.ts'
import { type SettingName, type SettingValues, settingNames } from '../src/model/settings.ts'

const limit = (most: number) => fc.option(fc.nat({ max: most }), { nil: null })

const cidr = fc.oneof(
  fc.tuple(fc.integer({ min: 0, max: 32 }), fc.integer({ min: 0, max: 7 })).map(([prefix, high]) => {
    const drop = BigInt(32 - prefix)
    return formatCidr({ family: 4, base: ((BigInt(high) << 29n) >> drop) << drop, prefix })
  }),
  fc.tuple(fc.integer({ min: 0, max: 64 }), fc.integer({ min: 1, max: 7 })).map(([prefix, high]) => {
    const drop = BigInt(128 - prefix)
    return formatCidr({ family: 6, base: ((BigInt(high) << 124n) >> drop) << drop, prefix })
  }),
)

const ports = fc.option(
  fc.tuple(fc.integer({ min: 1, max: 20 }), fc.nat({ max: 10 })).map(([from, more]): [number, number] => [from, from + more]),
  { nil: null },
)

const networkRule = fc
  .record({ protocol: fc.constantFrom('tcp' as const, 'udp' as const, 'icmp' as const), cidr, ports })
  .map((rule) => (rule.protocol === 'icmp' ? { ...rule, ports: null } : rule))

const offlineSteps = fc
  .tuple(limit(50), limit(50), limit(50))
  .map((steps) => steps.sort((a, b) => (a ?? Number.POSITIVE_INFINITY) - (b ?? Number.POSITIVE_INFINITY)))

const mostOf = (min: number, max: number) => fc.record({ most: fc.option(fc.integer({ min, max }), { nil: null }) })

const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c.sh', 'd-1'), { maxLength: 4 })

const text = fc.option(fc.constantFrom('Ask 4711', 'Ask Ada', 'Soon over!'), { nil: null })

export const values: { readonly [N in SettingName]: fc.Arbitrary<SettingValues[N]> } = {
  activation: fc.constantFrom('none', 'password', 'key'),
  'activation-users': fc.oneof(
    fc.constant({ mode: 'anyone' as const }),
    fc.array(fc.record({ users: names, groups: names }), { minLength: 1, maxLength: 3 }).map((allOf) => ({ mode: 'listed' as const, allOf })),
  ),
  'activation-instances': fc.integer({ min: 1, max: 5 }),
  authentication: fc.oneof(
    fc.constant({ mode: 'none' as const }),
    fc.record({
      mode: fc.constant('password' as const),
      minLength: fc.integer({ min: 1, max: 20 }),
      minClasses: fc.integer({ min: 1, max: 4 }),
      tries: fc.integer({ min: 1, max: 10 }),
      lockMinutes: fc.integer({ min: 1, max: 60 }),
    }),
  ),
  're-authentication': fc.record({ afterSleep: fc.boolean(), idleMinutes: fc.option(fc.integer({ min: 1, max: 9 }), { nil: null }) }),
  expiry: fc.record({
    afterDays: fc.option(fc.integer({ min: 1, max: 20 }), { nil: null }),
    lastDay: fc.option(
      fc.integer({ min: 1, max: 28 }).map((day) => `2027-01-${String(day).padStart(2, '0')}`),
      { nil: null },
    ),
    warnDays: fc.nat({ max: 5 }),
  }),
  'expiry-texts': fc.record({ warning: text, ended: text }),
  offline: fc.tuple(offlineSteps, limit(20), limit(5)).map(([[warn, restrict, suspend], maxRuntimeMinutes, maxBoots]) => ({
    warnMinutes: warn ?? null,
    restrictMinutes: restrict ?? null,
    suspendMinutes: suspend ?? null,
    maxRuntimeMinutes,
    maxBoots,
  })),
  'check-in': fc.integer({ min: 10, max: 600 }),
  network: fc.oneof(
    fc.constant({ mode: 'none' as const }),
    fc.array(networkRule, { minLength: 1, maxLength: 6 }).map((allow) => ({ mode: 'listed' as const, allow })),
  ),
  'serial-port': fc.constantFrom('none', 'captured'),
  'clipboard-to-guest': fc.record({ maxTextBytes: fc.nat({ max: 3 }) }),
  'clipboard-from-guest': fc.record({ maxTextBytes: fc.nat({ max: 3 }) }),
  'clipboard-images': fc.record({ toGuest: fc.nat({ max: 3 }), fromGuest: fc.nat({ max: 3 }) }),
  'drag-and-drop': fc.record({ toGuest: fc.boolean(), fromGuest: fc.boolean() }),
  'shared-folders': fc.constantFrom('read-write', 'read-only', 'none'),
  'screen-mode': fc.constantFrom('window', 'full-screen', 'kiosk'),
  watermark: fc.constantFrom('none', 'device-and-user'),
  screenshots: fc.constantFrom('allowed', 'refused'),
  exit: fc.constantFrom('user', 'suspend', 'power-off'),
  'power-commands': fc.record({ pause: fc.boolean(), reset: fc.boolean(), powerButton: fc.boolean() }),
  snapshots: fc.record({ take: fc.boolean(), revert: fc.boolean() }),
  'disk-changes': fc.constantFrom('kept', 'discarded'),
  memory: fc.record({ maxMiB: fc.option(fc.integer({ min: 16, max: 600 }), { nil: null }) }),
  processor: mostOf(1, 9),
  'disk-growth': mostOf(1, 9),
  'network-rate': mostOf(8, 16),
  'host-desktops': fc.oneof(
    fc.constant({ mode: 'any' as const }),
    fc
      .array(fc.record({ organisation: fc.constantFrom('example', 'bank'), desktop: fc.constantFrom('office', 'lab', null) }), { maxLength: 4 })
      .map((desktops) => ({ mode: 'listed' as const, desktops })),
  ),
  scripts: fc.record({ powerOn: names, powerOff: names, seconds: fc.integer({ min: 1, max: 9 }) }),
  'guest-info': fc.record({ toGuest: names, fromGuest: names, maxBytes: fc.nat({ max: 9 }) }),
}

export const zones = ['office', 'cafe', 'home'] as const

const when = fc.oneof(
  { weight: 3, arbitrary: fc.constant({}) },
  fc.record({ groups: fc.subarray(['staff', 'guests'], { minLength: 1 }) }),
  fc.record({ tags: fc.subarray(['floor-1', 'floor-2'], { minLength: 1 }) }),
  { weight: 3, arbitrary: fc.record({ network: fc.subarray([...zones], { minLength: 1 }) }) },
  fc.constantFrom({ time: { before: '2027-01-15T08:00:00Z' } }, { time: { notBefore: '2027-01-15T08:00:00Z' } }),
)

const rule = fc
  .constantFrom(...settingNames)
  .chain((setting) => fc.record({ setting: fc.constant(setting), value: values[setting], locked: fc.boolean(), when }))

export const policyDocument: fc.Arbitrary<Policy> = fc
  .record({ name: fc.constantFrom('one', 'two', 'three'), version: fc.constant('1'), rules: fc.array(rule, { maxLength: 8 }) })
  .map((written) => policy.parse({ format: 'casemate-policy-1', minRuntime: '0.1.0', ...written }))

export interface Layered {
  readonly references: readonly LayerReference[]
  readonly policies: readonly ApprovedPolicy[]
}

const place = fc.constantFrom(
  { layer: 'organisation' as const, selector: null },
  { layer: 'group' as const, selector: { group: 'staff' } },
  { layer: 'group' as const, selector: { group: 'guests' } },
  { layer: 'user' as const, selector: { user: 'ada' } },
  { layer: 'device' as const, selector: { device: 'laptop-1' } },
  { layer: 'device' as const, selector: { tag: 'floor-2' } },
)

/** Policies in layers, of which not all apply to the device of the vectors. */
export const layered: fc.Arbitrary<Layered> = fc.array(fc.tuple(place, policyDocument), { maxLength: 5 }).map((documents) => ({
  references: documents.map(([at], index) => ({ ...at, path: `policies/p/${index}.json`, sha256: digest(index) })),
  policies: documents.map(([, document], index) => ({ path: `policies/p/${index}.json`, sha256: digest(index), document })),
}))

function digest(index: number): string {
  return index.toString(16).padStart(64, '0')
}
