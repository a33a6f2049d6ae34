// SPDX-License-Identifier: Apache-2.0
//
// Random but valid: values of every setting, rules, and whole releases with their layers.
import fc from 'fast-check'
import type { Loosening } from '../src/decision/loosen.ts'
import type { ApprovedPolicy } from '../src/decision/merge.ts'
import { formatCidr } from '../src/model/cidr.ts'
import type { Exception } from '../src/model/exception.ts'
import type { DomainRule, HostRule, NetworkRule } from '../src/model/network-setting.ts'
import { type Policy, policy } from '../src/model/policy.ts'
import type { LayerReference } from '../src/model/release.ts'
import { type SettingName, type SettingValues, settingNames } from '../src/model/settings.ts'
import { writeAdministratorKey } from '../src/trust/administrator-key.ts'
import { jkt, now } from '../vectors/scenario.ts'

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

export const domains = ['example.com', '*.example.com', 'a.example.com', '*.a.example.com', 'b.a.example.com', 'example.net'] as const

const domainRules = fc.array(
  fc
    .record({ rule: networkRule, domain: fc.constantFrom(...domains), anywhere: fc.boolean() })
    .map(({ rule: { protocol, cidr: within, ports }, domain, anywhere }) => ({ protocol, domain, ...(anywhere ? {} : { within }), ports })),
  { maxLength: 3 },
)

const hostRules = fc.array(
  networkRule.map(({ protocol, ports: written }) => ({ protocol, ports: written })),
  { maxLength: 2 },
)

interface Lists {
  allow: NetworkRule[]
  allowDomains: DomainRule[]
  allowHost: HostRule[]
  deny: NetworkRule[]
  denyDomains: DomainRule[]
}

/** Lists that are empty are left out, as somebody writes them. */
function listed({ allow, allowDomains, allowHost, deny, denyDomains }: Readonly<Lists>): SettingValues['network'] {
  if (allow.length + allowDomains.length + allowHost.length === 0) return { mode: 'none' }
  return {
    ...{ mode: 'listed', allow },
    ...(allowDomains.length === 0 ? {} : { allowDomains }),
    ...(allowHost.length === 0 ? {} : { allowHost }),
    ...(deny.length === 0 ? {} : { deny }),
    ...(denyDomains.length === 0 ? {} : { denyDomains }),
  }
}

const offlineSteps = fc
  .tuple(limit(50), limit(50), limit(50))
  .map((steps) => steps.sort((a, b) => (a ?? Number.POSITIVE_INFINITY) - (b ?? Number.POSITIVE_INFINITY)))

const mostOf = (min: number, max: number) => fc.record({ most: fc.option(fc.integer({ min, max }), { nil: null }) })

const action = fc.constantFrom('allow' as const, 'block' as const)

const usbTable = fc.record({
  general: action,
  classes: fc.uniqueArray(fc.record({ class: fc.constantFrom('01', '03', '08'), action }), { maxLength: 3, selector: (entry) => entry.class }),
  devices: fc.uniqueArray(fc.record({ vendor: fc.constantFrom('0001', '0002'), product: fc.constantFrom('000a', '000b'), action }), {
    maxLength: 3,
    selector: ({ vendor, product }) => vendor + product,
  }),
})

const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c.sh', 'd-1'), { maxLength: 4 })

const ownWords = fc.option(fc.constantFrom('Ask 4711', 'Ask Ada', 'Soon over!'), { nil: null })

const network: fc.Arbitrary<SettingValues['network']> = fc.oneof(
  fc.constant({ mode: 'none' as const }),
  fc.array(networkRule, { minLength: 1, maxLength: 6 }).map((allow) => ({ mode: 'listed' as const, allow })),
  fc
    .record({
      allow: fc.array(networkRule, { maxLength: 4 }),
      allowDomains: domainRules,
      allowHost: hostRules,
      deny: fc.array(networkRule, { maxLength: 2 }),
      denyDomains: domainRules,
    })
    .map(listed),
  fc
    .record({ allowHost: hostRules.filter(({ length }) => length > 0), deny: fc.array(networkRule, { maxLength: 2 }) })
    .map(({ allowHost, deny }) => ({ mode: 'host-only' as const, allowHost, ...(deny.length === 0 ? {} : { deny }) })),
  fc.constantFrom('lab', 'shop').map((lan) => ({ mode: 'isolated' as const, lan })),
)

const proof = fc.constantFrom('observed' as const, 'attested' as const)
const blocks = fc.uniqueArray(cidr, { maxLength: 2 })
const sign = fc.record({ addresses: blocks, gateways: blocks, suffixes: fc.uniqueArray(fc.constantFrom(...domains), { maxLength: 2 }) })
const signs = fc.array(
  sign.filter(({ addresses, gateways, suffixes }) => addresses.length + gateways.length + suffixes.length > 0),
  { minLength: 1, maxLength: 2 },
)
const systems = fc.uniqueArray(
  fc.record({ name: fc.constantFrom('debian', 'ubuntu'), atLeast: fc.constantFrom('11', '12', '12.0', '12.1', '22.04') }),
  {
    maxLength: 2,
    selector: ({ name }) => name,
  },
)

const undenied = fc
  .record({ allow: fc.array(networkRule, { maxLength: 4 }), allowDomains: domainRules, allowHost: hostRules })
  .map((lists) => listed({ ...lists, deny: [], denyDomains: [] }))
const text = fc.record({ maxTextBytes: fc.nat({ max: 3 }) })

export const anyException: fc.Arbitrary<Exception> = fc.oneof(
  fc.record({ setting: fc.constant('network' as const), value: undenied }),
  fc.record({ setting: fc.constant('serial-port' as const), value: fc.constantFrom('none' as const, 'captured' as const) }),
  fc.record({ setting: fc.constantFrom('clipboard-to-guest' as const, 'clipboard-from-guest' as const), value: text }),
  fc.record({ setting: fc.constant('exit' as const), value: fc.constantFrom('user' as const, 'suspend' as const, 'power-off' as const) }),
)

const exceptionList = fc.uniqueArray(anyException, { maxLength: 4, selector: ({ setting }) => setting })

/** Two keys, of which no half opens anything: merging never does. */
const administratorKeys = (['A', 'B'] as const).map((letter) =>
  writeAdministratorKey({
    publicJwk: { kty: 'OKP', crv: 'Ed25519', x: `${letter.repeat(42)}A` },
    kdf: { name: 'argon2id', memoryKiB: 65_536, passes: 3, lanes: 4, salt: 'A'.repeat(22) },
    wrapped: `${letter.repeat(53)}A`,
  }),
)

export const values: { readonly [N in SettingName]: fc.Arbitrary<SettingValues[N]> } = {
  activation: fc.constantFrom('none', 'password', 'key'),
  'activation-users': fc.oneof(
    fc.constant({ mode: 'anyone' as const }),
    fc.array(fc.record({ users: names, groups: names }), { minLength: 1, maxLength: 3 }).map((allOf) => ({ mode: 'listed' as const, allOf })),
  ),
  'activation-instances': fc.integer({ min: 1, max: 5 }),
  authentication: fc.oneof(
    fc.constantFrom({ mode: 'none' as const }, { mode: 'directory' as const }, { mode: 'nobody' as const }),
    fc.constantFrom('badge', 'vpn').map((script) => ({ mode: 'script' as const, script })),
    fc.record({
      mode: fc.constant('password' as const),
      minLength: fc.integer({ min: 1, max: 20 }),
      minClasses: fc.integer({ min: 1, max: 4 }),
      tries: fc.integer({ min: 1, max: 10 }),
      lockMinutes: fc.integer({ min: 1, max: 60 }),
    }),
  ),
  'moved-instances': fc.constantFrom('consent', 'refuse'),
  're-authentication': fc.record({ afterSleep: fc.boolean(), idleMinutes: fc.option(fc.integer({ min: 1, max: 9 }), { nil: null }) }),
  expiry: fc.record({
    afterDays: fc.option(fc.integer({ min: 1, max: 20 }), { nil: null }),
    lastDay: fc.option(
      fc.integer({ min: 1, max: 28 }).map((day) => `2027-01-${String(day).padStart(2, '0')}`),
      { nil: null },
    ),
    warnDays: fc.nat({ max: 5 }),
  }),
  'expiry-texts': fc.record({ warning: ownWords, ended: ownWords }),
  offline: fc.tuple(offlineSteps, limit(20), limit(5)).map(([[warn, restrict, suspend], maxRuntimeMinutes, maxBoots]) => ({
    warnMinutes: warn ?? null,
    restrictMinutes: restrict ?? null,
    suspendMinutes: suspend ?? null,
    maxRuntimeMinutes,
    maxBoots,
  })),
  'check-in': fc.integer({ min: 10, max: 600 }),
  network,
  zones: fc.record({
    lists: fc.array(
      fc.uniqueArray(fc.record({ name: fc.constantFrom('office', 'cafe', 'home'), signs, proof }), { maxLength: 3, selector: ({ name }) => name }),
      { minLength: 1, maxLength: 2 },
    ),
  }),
  posture: fc.record({
    systems: fc.option(systems, { nil: null }),
    diskEncrypted: fc.boolean(),
    screenLock: fc.boolean(),
    processes: fc.uniqueArray(fc.constantFrom('agent', 'backup'), { maxLength: 2 }),
    files: fc.uniqueArray(fc.constantFrom('/etc/a', '/etc/b'), { maxLength: 2 }),
    otherwise: fc.constantFrom('quarantine', 'refuse'),
  }),
  quarantine: fc.record({ whenOutdated: fc.boolean(), network }),
  'serial-port': fc.constantFrom('none', 'captured'),
  'parallel-port': fc.constantFrom('none', 'captured'),
  'cd-drive': fc.constantFrom('host', 'image', 'none'),
  'floppy-drive': fc.constantFrom('host', 'image', 'none'),
  sound: fc.constantFrom('both', 'output', 'none'),
  usb: fc.record({ tables: fc.array(usbTable, { minLength: 1, maxLength: 3 }) }),
  printer: fc.constantFrom('pdf-folder', 'none'),
  'clipboard-to-guest': text,
  'clipboard-from-guest': text,
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
  'disk-rate': mostOf(64, 1024),
  'network-rate': mostOf(8, 16),
  'host-desktops': fc.oneof(
    fc.constant({ mode: 'any' as const }),
    fc
      .array(fc.record({ organisation: fc.constantFrom('example', 'bank'), desktop: fc.constantFrom('office', 'lab', null) }), { maxLength: 4 })
      .map((desktops) => ({ mode: 'listed' as const, desktops })),
  ),
  scripts: fc.record({ powerOn: names, powerOff: names, seconds: fc.integer({ min: 1, max: 9 }) }),
  'guest-info': fc.record({ toGuest: names, fromGuest: names, maxBytes: fc.nat({ max: 9 }) }),
  'administrator-mode': fc.oneof(
    fc.constant({ mode: 'off' as const }),
    fc.record({
      mode: fc.constant('password' as const),
      key: fc.constantFrom(...administratorKeys),
      maxMinutes: fc.integer({ min: 1, max: 480 }),
      tries: fc.integer({ min: 1, max: 9 }),
      lockMinutes: fc.integer({ min: 1, max: 9 }),
      allows: exceptionList.filter(({ length }) => length > 0),
    }),
  ),
  overrides: fc.record({
    extendDays: fc.nat({ max: 20 }),
    extendOfflineMinutes: fc.nat({ max: 50 }),
    exceptions: fc.uniqueArray(anyException, { selector: ({ setting }) => setting, maxLength: 4 }),
    reset: fc.boolean(),
    rescue: fc.shuffledSubarray(['expired', 'offline', 'locked'] as const).map((problems) => [...problems]),
  }),
}

/** In some of the blocks and domains that random zones name. */
export const hostNetworks = fc.record({
  addresses: fc.subarray(['0.0.0.1/32', '32.0.0.1/32', '1000::1/128']),
  gateways: fc.subarray(['32.0.0.2/32', '64.0.0.1/32', '2000::1/128']),
  suffixes: fc.subarray(domains.filter((name) => !name.startsWith('*'))),
})

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
  .chain((setting) =>
    fc.record({ setting: fc.constant(setting), value: values[setting], locked: fc.boolean(), when: setting === 'zones' ? fc.constant({}) : when }),
  )

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

/** For the device and the desktop of the vectors, mostly in force. */
export const loosenings: fc.Arbitrary<readonly Loosening[]> = fc.array(
  fc
    .tuple(
      fc.oneof(
        fc.record({
          kind: fc.constant('extension' as const),
          grant: fc.record(
            { expiryDays: fc.integer({ min: 1, max: 12 }), offlineMinutes: fc.integer({ min: 1, max: 50 }) },
            { requiredKeys: ['expiryDays'] },
          ),
        }),
        fc.record({ kind: fc.constant('exception' as const), grant: anyException }),
        fc.record({ kind: fc.constant('rescue' as const), problem: fc.constantFrom('expired' as const, 'offline' as const) }),
      ),
      fc.integer({ min: -2, max: 4000 }),
      fc.nat({ max: 63 }),
    )
    .map(([granted, until, at]) => ({
      ...{ iss: 'example', sub: 'laptop-1', cnf: { jkt }, desktop: 'office', iat: now - 60, exp: now + until },
      ...{ id: `${'A'.repeat(20)}${at.toString(32).slice(-1)}A`, ...granted },
    })),
  { maxLength: 4 },
)
