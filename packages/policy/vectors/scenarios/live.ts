// SPDX-License-Identifier: Apache-2.0
//
// A VM runs under the plan of `running`, and is decided again under `decided`: what is done about it, to the second.
import type { LiveAction } from '../../src/decision/live.ts'
import type { ReasonCode } from '../../src/decision/reasons.ts'
import type { SettingCapability } from '../../src/model/setting.ts'
import { day, minute, noPassword, now, type RuleValue, type Scenario, type VectorInput, type WrittenRule } from '../scenario.ts'

type Given = Pick<Scenario, 'layers' | 'change'>

export interface LiveScenario {
  /** File name without its ending. */
  readonly name: string
  readonly about: string
  /** Of the feature catalogue. */
  readonly rows: readonly string[]
  readonly running: Given
  readonly decided: Given
  /** All actions, in their order. */
  readonly expect: readonly (Exclude<LiveAction, { readonly do: 'suspend' }> | { readonly do: 'suspend'; readonly reasons: readonly ReasonCode[] })[]
}

const under = (rules: readonly WrittenRule[], change?: Scenario['change']): Given => ({
  layers: [{ layer: 'organisation', rules }],
  ...(change === undefined ? {} : { change }),
})

/** The same rules; only what is known has changed. */
const later = (
  name: string,
  about: string,
  row: string,
  rules: readonly WrittenRule[],
  [before, after]: readonly [Scenario['change'] | undefined, Scenario['change']],
  expect: LiveScenario['expect'],
): LiveScenario => ({ name, about, rows: [row], running: under(rules, before), decided: under(rules, after), expect })

/** Another policy. */
const changed = (
  name: string,
  about: string,
  row: string,
  [before, after]: readonly [WrittenRule, WrittenRule],
  expect: LiveScenario['expect'],
): LiveScenario => ({ name, about, rows: [row], running: under([noPassword, before]), decided: under([noPassword, after]), expect })

const password: WrittenRule = { setting: 'authentication', value: { mode: 'password', minLength: 8, minClasses: 1, tries: 5, lockMinutes: 5 } }
const lockRules = (value: RuleValue<'re-authentication'>): readonly WrittenRule[] => [password, { setting: 're-authentication', value }]
const lock = { afterSleep: true, idleMinutes: 10 }
const capabilities: readonly SettingCapability[] = ['re-authentication:sleep', 're-authentication:idle']

const seen =
  (idleSince: number | null, sleptAt: number | null, screenLocked = false) =>
  ({ facts, request }: VectorInput): void => {
    facts.presence = { sleptAt: { value: sleptAt, from: 'observed' }, idleSince: { value: idleSince, from: 'observed' } }
    facts.engines = facts.engines.map(({ name, capabilities: own }) => ({ name, capabilities: [...own, ...capabilities] }))
    Object.assign(request.instance, { authentication: 'passed', authenticatedAt: now - 60 * minute, screenLocked })
  }
const started = seen(null, null)
const unlocked = (input: VectorInput): void => {
  seen(null, null)(input)
  input.request.instance.authenticatedAt = now
}
const lockedBefore = (input: VectorInput): void => {
  seen(now - 10 * minute, null)(input)
  input.request.kind = 'continue'
}

/** Ended to the second by a day, whose warning comes two days before. */
const ends: readonly WrittenRule[] = [
  noPassword,
  { setting: 'offline', value: { warnMinutes: null, restrictMinutes: null, suspendMinutes: null, maxRuntimeMinutes: null, maxBoots: null } },
  { setting: 'expiry', value: { afterDays: 14, lastDay: null, warnDays: 2 } },
  { setting: 'expiry-texts', value: { warning: 'Two days left', ended: 'Ask 4711' } },
]
const atTime =
  (at: number) =>
  (input: VectorInput): void => {
    input.now = at
    input.facts.clock = { system: at, floor: at }
  }
const endsAt = now + 4 * day

const listed = { mode: 'listed' as const, allow: [{ protocol: 'tcp' as const, cidr: '192.0.2.10/32', ports: [443, 443] as [number, number] }] }
const offline: readonly WrittenRule[] = [
  noPassword,
  { setting: 'network', value: listed },
  { setting: 'offline', value: { warnMinutes: 60, restrictMinutes: 120, suspendMinutes: 180, maxRuntimeMinutes: null, maxBoots: null } },
]
const contactAgo =
  (seconds: number) =>
  ({ lease, facts }: Parameters<NonNullable<Scenario['change']>>[0]): void => {
    lease.iat = now - seconds
    facts.contactAt = null
  }
const deadlines = (since: number) => ({ warnAt: since + 60 * minute, restrictAt: since + 120 * minute, suspendAt: since + 180 * minute })

const updated =
  (forceAt: number) =>
  ({ release: { document } }: VectorInput): void => {
    document.package = { path: 'packages/office/4.json', sha256: '44'.repeat(32) }
    document.update = { keep: 1, forceAt }
  }

export const liveScenarios: readonly LiveScenario[] = [
  later('lock-in-use', 'Somebody is at the host', 'PO-3', lockRules(lock), [started, seen(null, null)], []),
  later('lock-idle-last-second', 'The last second of ten idle minutes', 'PO-3', lockRules(lock), [started, seen(now - 10 * minute + 1, null)], []),
  later('lock-idle', 'Ten minutes without a touch', 'PO-3', lockRules(lock), [started, seen(now - 10 * minute, null)], [{ do: 'lock' }]),
  later('lock-slept', 'The host has slept', 'PO-3', lockRules(lock), [started, seen(null, now - 1)], [{ do: 'lock' }]),
  later('lock-slept-before', 'It slept before the user authenticated', 'PO-3', lockRules(lock), [started, seen(null, now - 61 * minute)], []),
  later('lock-stays', 'Locked, and somebody is at the host again', 'PO-3', lockRules(lock), [lockedBefore, seen(null, null, true)], []),
  later('lock-ends', 'Locked, and the user has authenticated again', 'PO-3', lockRules(lock), [lockedBefore, unlocked], [{ do: 'unlock' }]),
  {
    ...{ name: 'lock-rules', about: 'A policy asks for less idling: it locks at once, and later again', rows: ['PO-3'] },
    running: under(lockRules(lock), started),
    decided: under(lockRules({ afterSleep: true, idleMinutes: 5 }), seen(now - 5 * minute, null)),
    expect: [{ do: 'lock' }, { do: 'set-screen-lock', screenLock: { locked: true, afterSleep: true, idleMinutes: 5 } }],
  },
  {
    ...{ name: 'lock-and-cut', about: 'What is locked still loses what it may no longer have', rows: ['PO-3', 'PO-9'] },
    running: under([...lockRules(lock), { setting: 'network', value: listed }], started),
    decided: under(lockRules(lock), seen(now - 10 * minute, null)),
    expect: [{ do: 'set-network', network: { mode: 'none' } }, { do: 'lock' }],
  },

  later('expiry-before-warning', 'The last second before the warning', 'PO-4', ends, [undefined, atTime(endsAt - 2 * day - 1)], []),
  later('expiry-warning', 'The second of the warning', 'PO-4', ends, [undefined, atTime(endsAt - 2 * day)], [{ do: 'warn', until: endsAt }]),
  later('expiry-last-second', 'The last second', 'PO-4', ends, [undefined, atTime(endsAt - 1)], [{ do: 'warn', until: endsAt }]),
  later('expiry-over', 'The second after it', 'PO-4', ends, [undefined, atTime(endsAt)], [{ do: 'suspend', reasons: ['instance-expired'] }]),
  {
    ...{ name: 'expiry-words', about: 'The organisation finds other words', rows: ['PO-4'] },
    running: under(ends),
    decided: under([...ends.slice(0, -1), { setting: 'expiry-texts', value: { warning: null, ended: 'Ask 4712' } }]),
    expect: [{ do: 'set-messages', messages: [{ from: endsAt, text: 'Ask 4712' }] }],
  },

  later(
    ...(['offline-last-second-of-network', 'One second before the network is cut', 'PO-5', offline] as const),
    [contactAgo(0), contactAgo(120 * minute - 1)],
    [
      { do: 'set-deadlines', deadlines: deadlines(now - 120 * minute + 1) },
      { do: 'warn', until: now + 60 * minute + 1 },
    ],
  ),
  later(
    ...(['offline-restricted', 'The second at which it is cut', 'PO-5', offline] as const),
    [contactAgo(0), contactAgo(120 * minute)],
    [
      { do: 'set-network', network: { mode: 'none' } },
      { do: 'set-deadlines', deadlines: deadlines(now - 120 * minute) },
      { do: 'warn', until: now + 60 * minute },
    ],
  ),
  later(
    'offline-too-long',
    'The second at which it is suspended',
    'PO-5',
    offline,
    [contactAgo(0), contactAgo(180 * minute)],
    [{ do: 'suspend', reasons: ['offline-too-long'] }],
  ),

  later(
    'update-suggested',
    'The last second in which another package may run on',
    'PK-11',
    [noPassword],
    [undefined, updated(now + 1)],
    [
      { do: 'set-deadlines', deadlines: { warnAt: 0, restrictAt: now + 29 * minute, suspendAt: now + 1 } },
      { do: 'warn', until: now + 1 },
      { do: 'wait-for-restart', fields: ['package'] },
    ],
  ),
  later('update-due', 'The second after it', 'PK-11', [noPassword], [undefined, updated(now)], [{ do: 'suspend', reasons: ['update-due'] }]),

  changed(
    'serial-silenced',
    'A serial port is silenced at once',
    'PO-12',
    [
      { setting: 'serial-port', value: 'captured' },
      { setting: 'serial-port', value: 'none' },
    ],
    [{ do: 'set-serial', serial: 'none' }],
  ),
  changed(
    'memory',
    'Memory waits for the next start',
    'PO-19',
    [
      { setting: 'memory', value: { maxMiB: 256 } },
      { setting: 'memory', value: { maxMiB: 128 } },
    ],
    [{ do: 'wait-for-restart', fields: ['memoryMiB'] }],
  ),
  changed(
    'exit',
    'What closing does',
    'PO-17',
    [
      { setting: 'exit', value: 'user' },
      { setting: 'exit', value: 'suspend' },
    ],
    [{ do: 'set-exit', exit: 'suspend' }],
  ),
]
