// SPDX-License-Identifier: Apache-2.0
import { day, minute, noPassword, now, type RuleValue, type Scenario, type WrittenRule } from '../scenario.ts'

const runs = { plan: { session: 'session-1' } }
const password: WrittenRule = { setting: 'authentication', value: { mode: 'password', minLength: 10, minClasses: 2, tries: 3, lockMinutes: 15 } }

const authentication = (
  name: string,
  about: string,
  expect: Scenario['expect'],
  change?: Scenario['change'],
  rules: readonly WrittenRule[] = [password],
): Scenario => ({ name, about, rows: ['PO-2'], layers: [{ layer: 'organisation', rules }], expect, ...(change === undefined ? {} : { change }) })

const moved = (
  name: string,
  about: string,
  expect: Scenario['expect'],
  change: Scenario['change'],
  rules: readonly WrittenRule[] = [],
): Scenario => ({
  ...{ name: `moved-${name}`, about, rows: ['PO-6'], layers: [{ layer: 'organisation', rules: [noPassword, ...rules] }], expect },
  ...(change === undefined ? {} : { change }),
})
const elsewhere: Scenario['change'] = ({ request }) => {
  request.instance.boundTo = 'another-device'
}
const consent: WrittenRule = { setting: 'moved-instances', value: 'consent' }

const moves: readonly Scenario[] = [
  moved('not', 'An instance whose key is wrapped for this device', runs, undefined),
  moved('refused', 'A copy of one that is bound to another device', 'instance-moved', elsewhere),
  moved('consent', 'The same where the policy lets it be bound to this one: until that is done', 'instance-moved', elsewhere, [consent]),
  moved('running', 'It does not go on running either', 'instance-moved', ({ request }) => {
    request.kind = 'continue'
    request.instance.boundTo = 'another-device'
  }),
  moved('rebound', 'Once it is bound to this one', runs, undefined, [consent]),
]

const expiry = (
  name: string,
  about: string,
  value: Partial<RuleValue<'expiry'>>,
  expect: Scenario['expect'],
  change?: Scenario['change'],
): Scenario => ({
  name,
  about,
  rows: ['PO-4'],
  layers: [{ layer: 'organisation', rules: [noPassword, { setting: 'expiry', value: { afterDays: null, lastDay: null, warnDays: 0, ...value } }] }],
  expect,
  ...(change === undefined ? {} : { change }),
})

const validity = (
  name: string,
  about: string,
  [notBefore, notAfter]: readonly [number | null, number | null],
  expect: Scenario['expect'],
  kind: 'power-on' | 'continue' = 'power-on',
): Scenario => ({
  ...{ name, about, rows: ['PK-8'], layers: [{ layer: 'organisation', rules: [noPassword] }], expect },
  change: ({ release, request }) => {
    release.validity = { notBefore, notAfter }
    request.kind = kind
  },
})

const offline = (
  name: string,
  about: string,
  value: Partial<RuleValue<'offline'>>,
  expect: Scenario['expect'],
  change?: Scenario['change'],
): Scenario => ({
  name,
  about,
  rows: ['PO-5'],
  layers: [
    {
      layer: 'organisation',
      rules: [
        noPassword,
        {
          setting: 'offline',
          value: { warnMinutes: 60, restrictMinutes: 120, suspendMinutes: 180, maxRuntimeMinutes: null, maxBoots: null, ...value },
        },
        { setting: 'network', value: { mode: 'listed', allow: [{ protocol: 'tcp', cidr: '192.0.2.10/32', ports: [443, 443] }] } },
      ],
    },
  ],
  expect,
  ...(change === undefined ? {} : { change }),
})

const contactAgo =
  (seconds: number): Scenario['change'] =>
  ({ lease, facts }) => {
    lease.iat = now - seconds
    facts.contactAt = null
  }

const listed = { mode: 'listed' as const, allow: [{ protocol: 'tcp' as const, cidr: '192.0.2.10/32', ports: [443, 443] as [number, number] }] }

export const accessScenarios: readonly Scenario[] = [
  ...moves,
  {
    name: 'activation-there',
    about: 'The instance was activated on this device at this very second, and the lease has its package key',
    rows: ['PO-1'],
    layers: [{ layer: 'organisation', rules: [noPassword] }],
    change: ({ request }) => {
      request.instance.activatedAt = now
    },
    expect: runs,
  },
  {
    name: 'activation-needed',
    about: 'The instance was never activated on this device',
    rows: ['PO-1'],
    change: ({ request }) => {
      request.instance.activatedAt = null
    },
    expect: 'activation-needed',
  },
  {
    name: 'activation-withdrawn',
    about: 'The console no longer gives this device the package key',
    rows: ['PO-1', 'FL-2'],
    change: ({ lease }) => {
      for (const assigned of lease.assign) assigned.key = null
    },
    expect: 'activation-needed',
  },
  {
    name: 'activation-withdrawn-running',
    about: 'The console takes the activation back while the VM runs',
    rows: ['PO-1', 'FL-2'],
    change: ({ lease, request }) => {
      request.kind = 'continue'
      for (const assigned of lease.assign) assigned.key = null
    },
    expect: 'activation-needed',
  },

  authentication('authentication-none', 'The policy asks for nothing, and nothing was presented', runs, undefined, [noPassword]),
  authentication('authentication-missing', 'No password was typed', 'authentication-missing'),
  authentication('authentication-passed', 'The password opened the instance key', runs, ({ request }) => {
    request.instance.authentication = 'passed'
  }),
  authentication('authentication-wrong', 'The password did not open the instance key', 'authentication-wrong', ({ request }) => {
    request.instance.authentication = 'wrong'
  }),
  authentication('authentication-unset', 'The policy asks for a password, the instance has none yet', 'authentication-unset', ({ request }) => {
    request.instance.authentication = 'unset'
  }),
  authentication('authentication-locked', 'The last second of the lock, though the password is right', 'authentication-locked', ({ request }) => {
    request.instance.authentication = 'passed'
    request.instance.lockedUntil = now + 1
  }),
  authentication('authentication-unlocked', 'The second at which the lock ends', runs, ({ request }) => {
    request.instance.authentication = 'passed'
    request.instance.lockedUntil = now
  }),
  authentication('authentication-default', 'Where no rule says anything, a password is asked for', 'authentication-missing', undefined, []),
  authentication('authentication-running', 'A VM that runs is past its authentication', runs, ({ request }) => {
    request.kind = 'continue'
  }),

  validity('validity-first-second', 'The first second in which the package is valid', [now, null], runs),
  validity('validity-not-yet', 'A second before that', [now + 1, null], 'package-not-yet-valid'),
  validity(
    'validity-not-yet-running',
    'The same while the VM runs: the verified clock was set back',
    [now + 1, null],
    'package-not-yet-valid',
    'continue',
  ),
  validity('validity-last-second', 'The last second in which the package is valid; the VM is suspended after it', [now - day, now + 1], {
    plan: { deadlines: { warnAt: now + 14 * minute, restrictAt: now + 29 * minute, suspendAt: now + 1 } },
  }),
  validity('validity-over', 'The second after that', [now - day, now], 'package-expired'),
  validity('validity-over-running', 'The same while the VM runs', [null, now], 'package-expired', 'continue'),
  expiry(
    'expiry-days-last-second',
    'The last second of ten days after activation',
    { afterDays: 10 },
    { plan: { deadlines: { warnAt: now + 14 * minute, restrictAt: now + 29 * minute, suspendAt: now + 1 } } },
    ({ request }) => {
      request.instance.activatedAt = now - 10 * day + 1
    },
  ),
  expiry('expiry-days-over', 'Ten days after activation', { afterDays: 10 }, 'instance-expired'),
  expiry('expiry-days-over-running', 'Ten days after activation, while the VM runs', { afterDays: 10 }, 'instance-expired', ({ request }) => {
    request.kind = 'continue'
  }),
  expiry('expiry-date-that-day', 'Usable through that day', { lastDay: '2027-01-15' }, runs),
  expiry('expiry-date-last-second', 'The last second of that day', { lastDay: '2027-01-15' }, runs, (input) => {
    input.now = Date.parse('2027-01-15T23:59:59Z') / 1000
    input.facts.contactAt = input.now
  }),
  expiry('expiry-date-over', 'The first second of the day after', { lastDay: '2027-01-15' }, 'instance-expired', (input) => {
    input.now = Date.parse('2027-01-16T00:00:00Z') / 1000
    input.facts.contactAt = input.now
  }),
  expiry('expiry-both', 'Of days and date the earlier one holds', { afterDays: 400, lastDay: '2027-01-14' }, 'instance-expired'),
  expiry(
    'expiry-warning',
    'Warned two days before the end',
    { lastDay: '2027-01-16', warnDays: 2 },
    { plan: { deadlines: { warnAt: 1_799_971_200, restrictAt: now + 29 * minute, suspendAt: now + 59 * minute } } },
  ),

  offline(
    'offline-in-contact',
    'The steps as moments, counted from the last contact',
    {},
    {
      plan: { network: listed, deadlines: { warnAt: now + 59 * minute, restrictAt: now + 119 * minute, suspendAt: now + 179 * minute } },
    },
  ),
  offline('offline-last-second-of-network', 'One second before the network is cut', {}, { plan: { network: listed } }, contactAgo(120 * minute - 1)),
  offline('offline-restricted', 'The second at which the network is cut', {}, { plan: { network: { mode: 'none' } } }, contactAgo(120 * minute)),
  offline('offline-last-second', 'One second before it is suspended', {}, { plan: { network: { mode: 'none' } } }, contactAgo(180 * minute - 1)),
  offline('offline-too-long', 'The second at which it is suspended', {}, 'offline-too-long', contactAgo(180 * minute)),
  offline('offline-too-long-running', 'The same for a VM that runs', {}, 'offline-too-long', (input) => {
    input.request.kind = 'continue'
    contactAgo(180 * minute)?.(input)
  }),
  offline(
    'offline-none',
    'A desktop that may never run without contact',
    { warnMinutes: 0, restrictMinutes: 0, suspendMinutes: 0 },
    'offline-too-long',
  ),
  offline(
    'offline-unlimited',
    'No limit but the end of the lease',
    { warnMinutes: null, restrictMinutes: null, suspendMinutes: null },
    {
      plan: { network: listed, deadlines: { warnAt: null, restrictAt: null, suspendAt: now + 1 } },
    },
    (input) => {
      contactAgo(300 * day)?.(input)
      input.lease.exp = now + 1
    },
  ),
  offline('offline-lease-stricter', 'The lease gives less time than the policy', {}, 'offline-too-long', (input) => {
    contactAgo(600)?.(input)
    input.lease.offline.suspendAt = 600
  }),
  offline('offline-lease-cannot-loosen', 'The lease gives more time than the policy', {}, 'offline-too-long', (input) => {
    contactAgo(180 * minute)?.(input)
    input.lease.offline.suspendAt = 600 * minute
  }),
  offline('offline-later-contact', 'The console was heard after the lease was issued', {}, { plan: { network: listed } }, (input) => {
    contactAgo(180 * minute)?.(input)
    input.facts.contactAt = now - minute
  }),
  offline(
    'offline-contact-in-the-future',
    'A contact after now counts as now',
    {},
    { plan: { deadlines: { warnAt: now + 60 * minute, restrictAt: now + 120 * minute, suspendAt: now + 180 * minute } } },
    ({ facts }) => {
      facts.contactAt = now + day
    },
  ),
  offline('offline-default', 'Where no rule says anything, an hour', {}, 'offline-too-long', (input) => {
    contactAgo(60 * minute)?.(input)
    for (const { document } of input.policies) document.rules = document.rules.filter(({ setting }) => setting !== 'offline')
  }),
  offline(
    'offline-runtime-left',
    'One minute of running is left',
    { maxRuntimeMinutes: 30 },
    { plan: { deadlines: { warnAt: now + 59 * minute, restrictAt: now + 119 * minute, suspendAt: now + minute } } },
    ({ facts }) => {
      facts.sinceContact.runtimeMinutes = 29
    },
  ),
  offline('offline-runtime-used-up', 'No minute of running is left', { maxRuntimeMinutes: 30 }, 'offline-runtime-used-up', ({ facts }) => {
    facts.sinceContact.runtimeMinutes = 30
  }),
  offline('offline-last-boot', 'The last start', { maxBoots: 3 }, runs, ({ facts }) => {
    facts.sinceContact.boots = 2
  }),
  offline('offline-boots-used-up', 'One start too many', { maxBoots: 3 }, 'offline-boots-used-up', ({ facts }) => {
    facts.sinceContact.boots = 3
  }),
  offline('offline-boots-running', 'The VM that had the last start runs on', { maxBoots: 3 }, runs, ({ facts, request }) => {
    request.kind = 'continue'
    facts.sinceContact.boots = 3
  }),
]
