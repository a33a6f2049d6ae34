// SPDX-License-Identifier: Apache-2.0
//
// PO-22: what overrides and rescue codes give within the bounds of the policy, to the second, and that nothing beyond them counts.
import type { Override } from '../../src/trust/override.ts'
import type { Rescue } from '../../src/trust/rescue-code.ts'
import { day, jkt, type LayerOf, minute, noPassword, now, type RuleValue, type Scenario, type VectorInput, type WrittenRule } from '../scenario.ts'

const id = 'AAAAAAAAAAAAAAAAAAAAAA'
const otherId = 'AAAAAAAAAAAAAAAAAAAAAQ'
const common = { iss: 'example', sub: 'laptop-1', cnf: { jkt }, id, desktop: 'office', iat: now - minute, exp: now + day }
type Extension = Extract<Override, { kind: 'extension' }>
type Exception = Extract<Override, { kind: 'exception' }>

const extension = (grant: Extension['grant'], change: Partial<Extension> = {}): Extension => ({ ...common, kind: 'extension', grant, ...change })
const exception = (grant: Exception['grant'], change: Partial<Exception> = {}): Exception => ({ ...common, kind: 'exception', grant, ...change })
const rescue = (problem: Rescue['problem'], exp: number): Rescue => ({ ...common, kind: 'rescue', problem, exp })

const none: RuleValue<'overrides'> = { extendDays: 0, extendOfflineMinutes: 0, exceptions: [], reset: false, rescue: [] }
const bounds = (value: Partial<RuleValue<'overrides'>>): WrittenRule => ({ setting: 'overrides', value: { ...none, ...value } })
const elevenDays: readonly WrittenRule[] = [
  noPassword,
  { setting: 'expiry', value: { afterDays: 11, lastDay: null, warnDays: 0 } },
  { setting: 'offline', value: { warnMinutes: null, restrictMinutes: null, suspendMinutes: null, maxRuntimeMinutes: null, maxBoots: null } },
]
const listed = (cidr: string): Extract<RuleValue<'network'>, { mode: 'listed' }> => ({
  mode: 'listed',
  allow: [{ protocol: 'tcp', cidr, ports: [443, 443] }],
})
const block = listed('192.0.2.0/24')
const threeHours: readonly WrittenRule[] = [
  noPassword,
  { setting: 'network', value: block },
  { setting: 'offline', value: { warnMinutes: 60, restrictMinutes: 120, suspendMinutes: 180, maxRuntimeMinutes: 1000, maxBoots: 5 } },
]

type Change = (input: VectorInput & { lease: NonNullable<VectorInput['lease']> }) => void
type Overrides = NonNullable<VectorInput['overrides']>

function scenario(
  name: string,
  about: string,
  rules: readonly WrittenRule[],
  overrides: Overrides,
  expect: Scenario['expect'],
  change?: Change,
): Scenario {
  return withLayers(name, about, [{ layer: 'organisation', rules }], overrides, expect, change)
}

function withLayers(
  name: string,
  about: string,
  layers: readonly LayerOf[],
  overrides: Overrides,
  expect: Scenario['expect'],
  change?: Change,
): Scenario {
  return {
    ...{ name: `override-${name}`, about, rows: ['PO-22'], layers, expect },
    change: (input) => {
      input.overrides = overrides
      change?.(input)
    },
  }
}

/** The instance ends at this very second, if nothing extends it. */
const expired = (name: string, about: string, overrides: Overrides, expect: Scenario['expect'], change?: Change): Scenario =>
  scenario(`expiry-${name}`, about, [...elevenDays, bounds({ extendDays: 3 })], overrides, expect, (input) => {
    input.request.instance.activatedAt = now - 11 * day
    change?.(input)
  })

const activated =
  (ago: number): Change =>
  ({ request }) => {
    request.instance.activatedAt = now - ago
  }

const extensions: readonly Scenario[] = [
  expired('none', 'An instance that is over, under a policy that lets it be extended', [], 'instance-expired'),
  expired('within', 'Extended by what the policy allows at most: the override ends first', [extension({ expiryDays: 3 })], ends(now + day, [id])),
  expired(
    'long',
    'An override that holds for longer than the extension',
    [extension({ expiryDays: 3 }, { exp: now + 6 * day })],
    ends(now + 3 * day, [id]),
  ),
  expired('less', 'One day less than the bound', [extension({ expiryDays: 2 }, { exp: now + 6 * day })], ends(now + 2 * day, [id])),
  expired('beyond', 'One day more than the bound counts for nothing', [extension({ expiryDays: 4 })], 'instance-expired'),
  expired('last-second', 'The last second of the extension', [extension({ expiryDays: 3 })], ends(now + 1, [id]), activated(14 * day - 1)),
  expired('over', 'The second after it', [extension({ expiryDays: 3 })], 'instance-expired', activated(14 * day)),
  expired('end-last-second', 'The last second of the override', [extension({ expiryDays: 3 }, { exp: now + 1 })], ends(now + 1, [id])),
  expired('end', 'The second after it', [extension({ expiryDays: 3 }, { exp: now })], 'instance-expired'),
  expired('early-tolerated', 'An override that begins in five minutes', [extension({ expiryDays: 3 }, { iat: now + 300 })], ends(now + day, [id])),
  expired('early', 'One second more', [extension({ expiryDays: 3 }, { iat: now + 301 })], 'instance-expired'),
  expired('running', 'A VM that runs goes on', [extension({ expiryDays: 3 })], ends(now + day, [id]), ({ request }) => {
    request.kind = 'continue'
  }),
  expired(
    'not-added',
    'Two extensions do not add up: the longest holds',
    [extension({ expiryDays: 2 }), extension({ expiryDays: 1 }, { id: otherId })],
    'instance-expired',
    activated(13 * day),
  ),
  expired(
    'longest',
    'Of two extensions the longer one',
    [extension({ expiryDays: 1 }), extension({ expiryDays: 2 }, { id: otherId })],
    ends(now + day, [id, otherId]),
  ),
  expired('with-lease', 'Never beyond the end of the lease', [extension({ expiryDays: 3 })], ends(now + 3600, [id]), ({ lease }) => {
    lease.exp = now + 3600
  }),
  expired('lease-over', 'A lease that has ended is not extended', [extension({ expiryDays: 3 })], 'lease-expired', ({ lease }) => {
    lease.exp = now
  }),
  expired('suspended', 'A suspended device stays suspended', [extension({ expiryDays: 3 })], 'lease-suspended', ({ lease }) => {
    lease.action = 'suspend'
    lease.suspension = { why: 'reported lost', contact: 'the help desk' }
  }),
  expired('desktop', 'An override of another desktop', [extension({ expiryDays: 3 }, { desktop: 'lab' })], 'instance-expired'),
  expired('device', 'An override of another device', [extension({ expiryDays: 3 }, { sub: 'laptop-2' })], 'instance-expired'),
  expired('key', 'An override of another key', [extension({ expiryDays: 3 }, { cnf: { jkt: `${jkt.slice(0, -2)}AA` } })], 'instance-expired'),
  expired('issuer', 'An override of another organisation', [extension({ expiryDays: 3 }, { iss: 'other' })], 'instance-expired'),
  expired(
    'half',
    'Days within the bound with minutes beyond it count for nothing',
    [extension({ expiryDays: 3, offlineMinutes: 1 })],
    'instance-expired',
  ),
  expired('reset', 'Leave to reset a password extends nothing', [{ ...common, kind: 'reset', grant: { instance: 'office-1' } }], 'instance-expired'),
  scenario(
    'expiry-unbounded',
    'A policy that says nothing of overrides allows none',
    elevenDays,
    [extension({ expiryDays: 1 })],
    'instance-expired',
    activated(11 * day),
  ),
  withLayers(
    'expiry-layers',
    'Of two layers the lower bound holds',
    [
      { layer: 'organisation', rules: [...elevenDays, bounds({ extendDays: 3 })] },
      { layer: 'user', selector: { user: 'ada' }, rules: [bounds({ extendDays: 2 })] },
    ],
    [extension({ expiryDays: 3 })],
    'instance-expired',
    activated(11 * day),
  ),
]

const contactAgo =
  (seconds: number, more?: Change): Change =>
  (input) => {
    input.lease.iat = now - seconds
    input.facts.contactAt = null
    more?.(input)
  }

const offline = (name: string, about: string, overrides: Overrides, expect: Scenario['expect'], change: Change): Scenario =>
  scenario(`offline-${name}`, about, [...threeHours, bounds({ extendOfflineMinutes: 60, rescue: ['offline'] })], overrides, expect, change)
const anHour = extension({ offlineMinutes: 60 })

const withoutContact: readonly Scenario[] = [
  offline('none', 'Too long without contact', [], 'offline-too-long', contactAgo(180 * minute)),
  offline(
    'within',
    'An hour more: one second of network is left',
    [anHour],
    { plan: { network: block, overrides: [id] } },
    contactAgo(180 * minute - 1),
  ),
  offline(
    'restricted',
    'Then the network is cut, and the desktop goes on',
    [anHour],
    { plan: { network: { mode: 'none' }, overrides: [id] } },
    contactAgo(180 * minute),
  ),
  offline(
    'last-second',
    'The last second of the hour',
    [anHour],
    { plan: { deadlines: { warnAt: now + 1 - 120 * minute, restrictAt: now + 1 - 60 * minute, suspendAt: now + 1 } } },
    contactAgo(240 * minute - 1),
  ),
  offline('over', 'The second after it', [anHour], 'offline-too-long', contactAgo(240 * minute)),
  offline(
    'beyond',
    'One minute more than the bound counts for nothing',
    [extension({ offlineMinutes: 61 })],
    'offline-too-long',
    contactAgo(180 * minute),
  ),
  offline(
    'lease',
    'The limits of the lease move on too',
    [anHour],
    { plan: { overrides: [id] } },
    contactAgo(180 * minute, ({ lease }) => {
      lease.offline.suspendAt = 170 * minute
    }),
  ),
  offline(
    'lease-over',
    'By no more than the bound',
    [anHour],
    'offline-too-long',
    contactAgo(180 * minute, ({ lease }) => {
      lease.offline.suspendAt = 120 * minute
    }),
  ),
  offline('runtime', 'The time that may be run moves on too', [anHour], ends(now + minute, [id]), runFor(1059)),
  offline('runtime-over', 'And is used up then', [anHour], 'offline-runtime-used-up', runFor(1060)),
  offline('boots', 'The starts without contact do not', [anHour], 'offline-boots-used-up', ({ facts }) => {
    facts.sinceContact.boots = 5
  }),
]

const exceptions = (
  name: string,
  about: string,
  overrides: Overrides,
  plan: Extract<Scenario['expect'], object>['plan'],
  change?: Change,
): Scenario =>
  scenario(
    `exception-${name}`,
    about,
    [
      noPassword,
      { setting: 'clipboard-from-guest', value: { maxTextBytes: 200 } },
      bounds({
        exceptions: [
          { setting: 'network', value: block },
          { setting: 'clipboard-to-guest', value: { maxTextBytes: 100 } },
          { setting: 'clipboard-from-guest', value: { maxTextBytes: 300 } },
          { setting: 'exit', value: 'suspend' },
        ],
      }),
    ],
    overrides,
    { plan },
    change,
  )
const shut = { allowed: false, maxBytes: 0 }
const open = (maxBytes: number) => ({ allowed: true, maxBytes })
const paste = (maxTextBytes: number, change: Partial<Exception> = {}) => exception({ setting: 'clipboard-to-guest', value: { maxTextBytes } }, change)

const excepted: readonly Scenario[] = [
  exceptions('none', 'What the policy gives without an exception', [], { clipboard: { toGuest: shut, fromGuest: open(200) }, exit: 'power-off' }),
  exceptions('within', 'The loosest value that the policy lets a device be given', [paste(100)], {
    clipboard: { toGuest: open(100), fromGuest: open(200) },
    overrides: [id],
  }),
  exceptions('beyond', 'One byte more counts for nothing', [paste(101)], { clipboard: { toGuest: shut, fromGuest: open(200) } }),
  exceptions('last-second', 'The last second of the exception', [paste(100, { exp: now + 1 })], {
    clipboard: { toGuest: open(100), fromGuest: open(200) },
  }),
  exceptions('end', 'The second after it', [paste(100, { exp: now })], { clipboard: { toGuest: shut, fromGuest: open(200) } }),
  exceptions(
    'stricter',
    'An exception that allows less than the policy changes nothing',
    [exception({ setting: 'clipboard-from-guest', value: { maxTextBytes: 100 } })],
    {
      clipboard: { toGuest: shut, fromGuest: open(200) },
    },
  ),
  exceptions('unlisted', 'A setting that the policy does not list', [exception({ setting: 'serial-port', value: 'captured' })], { serial: 'none' }),
  exceptions('exit', 'Closing may suspend', [exception({ setting: 'exit', value: 'suspend' })], { exit: 'suspend', overrides: [id] }),
  exceptions('exit-beyond', 'But the user does not choose', [exception({ setting: 'exit', value: 'user' })], { exit: 'power-off' }),
  exceptions('network', 'A part of the addresses that may be given', [exception({ setting: 'network', value: listed('192.0.2.128/25') })], {
    network: listed('192.0.2.128/25'),
    overrides: [id],
  }),
  exceptions('network-beyond', 'More than that', [exception({ setting: 'network', value: listed('192.0.2.0/23') })], { network: { mode: 'none' } }),
  exceptions('two', 'Two exceptions at once', [paste(50), exception({ setting: 'exit', value: 'suspend' }, { id: otherId })], {
    clipboard: { toGuest: open(50), fromGuest: open(200) },
    exit: 'suspend',
    overrides: [id, otherId],
  }),
  scenario(
    'exception-beside',
    'What the policy gives stays beside what is granted',
    [noPassword, { setting: 'network', value: listed('198.51.100.0/24') }, bounds({ exceptions: [{ setting: 'network', value: block }] })],
    [exception({ setting: 'network', value: block })],
    { plan: { network: { mode: 'listed', allow: [...block.allow, ...listed('198.51.100.0/24').allow] }, overrides: [id] } },
  ),
  scenario(
    'exception-denied',
    'What the policy denies stays denied',
    [
      noPassword,
      { setting: 'network', value: { ...listed('198.51.100.0/24'), deny: listed('192.0.2.1/32').allow } },
      bounds({ exceptions: [{ setting: 'network', value: block }] }),
    ],
    [exception({ setting: 'network', value: block })],
    {
      plan: {
        network: { mode: 'listed', allow: [...block.allow, ...listed('198.51.100.0/24').allow], deny: listed('192.0.2.1/32').allow },
        overrides: [id],
      },
    },
    ({ facts }) => {
      facts.engines.forEach((engine) => void engine.capabilities.push('network:deny'))
    },
  ),
  scenario(
    'exception-restricted',
    'An exception does not bring back the network that being offline has cut',
    [...threeHours, bounds({ exceptions: [{ setting: 'network', value: listed('192.0.2.0/23') }] })],
    [exception({ setting: 'network', value: listed('192.0.2.0/23') })],
    { plan: { network: { mode: 'none' }, overrides: [id] } },
    contactAgo(120 * minute),
  ),
  scenario(
    'exception-unable',
    'What no engine can enforce is refused, excepted or not',
    [noPassword, bounds({ exceptions: [{ setting: 'network', value: block }] })],
    [exception({ setting: 'network', value: block })],
    'capability-missing',
    ({ request }) => {
      request.engine = 'v86'
    },
  ),
  withLayers(
    'exception-layers',
    'What both layers let a device be given',
    [
      { layer: 'organisation', rules: [noPassword, bounds({ exceptions: [{ setting: 'clipboard-to-guest', value: { maxTextBytes: 100 } }] })] },
      {
        layer: 'group',
        selector: { group: 'staff' },
        rules: [bounds({ exceptions: [{ setting: 'clipboard-to-guest', value: { maxTextBytes: 60 } }] })],
      },
    ],
    [paste(61), paste(60, { id: otherId })],
    { plan: { clipboard: { toGuest: open(60), fromGuest: shut }, overrides: [otherId] } },
  ),
]

const rescued: readonly Scenario[] = [
  offline('rescue', 'Ten minutes by a rescue code', [rescue('offline', now + 600)], ends(now + 600, [id]), contactAgo(190 * minute)),
  offline('rescue-bound', 'No further than an extension might go', [rescue('offline', now + 600)], ends(now + 1, [id]), contactAgo(240 * minute - 1)),
  offline('rescue-over', 'The second after it', [rescue('offline', now + 600)], 'offline-too-long', contactAgo(240 * minute)),
  offline('rescue-end', 'A code whose time is over', [rescue('offline', now)], 'offline-too-long', contactAgo(190 * minute)),
  offline('rescue-problem', 'A code against another problem', [rescue('expired', now + 600)], 'offline-too-long', contactAgo(190 * minute)),
  offline('rescue-suspended', 'A suspended device is not rescued', [rescue('offline', now + 600)], 'lease-suspended', ({ lease }) => {
    lease.action = 'suspend'
    lease.suspension = { why: 'reported lost', contact: 'the help desk' }
  }),
  scenario(
    'rescue-unlisted',
    'A policy that allows extensions but no codes',
    [...threeHours, bounds({ extendOfflineMinutes: 60 })],
    [rescue('offline', now + 600)],
    'offline-too-long',
    contactAgo(190 * minute),
  ),
  scenario(
    'rescue-expired',
    'An instance that is over, for the time of the code',
    [...elevenDays, bounds({ extendDays: 3, rescue: ['expired'] })],
    [rescue('expired', now + 600)],
    ends(now + 600, [id]),
    activated(12 * day),
  ),
]

export const overrideScenarios: readonly Scenario[] = [...extensions, ...withoutContact, ...excepted, ...rescued]

function ends(suspendAt: number, overrides: string[]): Scenario['expect'] {
  return { plan: { overrides }, suspendAt }
}

function runFor(runtimeMinutes: number): Change {
  return ({ facts }) => {
    facts.sinceContact.runtimeMinutes = runtimeMinutes
  }
}
