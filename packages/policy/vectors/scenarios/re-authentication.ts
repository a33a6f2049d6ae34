// SPDX-License-Identifier: Apache-2.0
//
// PO-3, to the second: when the screen of a VM that runs is locked, and what unlocks it.
import type { Request } from '../../src/decision/facts.ts'
import type { SettingCapability } from '../../src/model/setting.ts'
import { minute, now, type RuleValue, type Scenario, type VectorInput, type WrittenRule } from '../scenario.ts'

const password: WrittenRule = { setting: 'authentication', value: { mode: 'password', minLength: 8, minClasses: 1, tries: 5, lockMinutes: 5 } }
const capabilities: readonly SettingCapability[] = ['re-authentication:sleep', 're-authentication:idle']
const screenLock = (locked: boolean, { afterSleep, idleMinutes }: RuleValue<'re-authentication'>) => ({
  plan: { screenLock: { locked, afterSleep, idleMinutes } },
})

const both = { afterSleep: true, idleMinutes: 10 }

interface Seen {
  readonly kind?: Request['kind']
  readonly authenticatedAt?: number | null
  readonly screenLocked?: boolean
  readonly authentication?: Request['instance']['authentication']
  readonly lockedUntil?: number | null
  /** Null: the runtime cannot tell; without it: not since the host was started, and in use. */
  readonly sleptAt?: number | null
  readonly idleSince?: number | null
  readonly offers?: readonly SettingCapability[]
}

const sighting = (value: number | null | undefined) => (value === null ? null : { value: value ?? null, from: 'observed' as const })

/** On engines that can do it, for a VM whose user authenticated an hour ago. */
const seeing =
  ({ kind = 'continue', sleptAt, idleSince, offers = capabilities, ...instance }: Seen) =>
  ({ facts, request }: VectorInput): void => {
    request.kind = kind
    Object.assign(request.instance, { authenticatedAt: kind === 'power-on' ? null : now - 60 * minute, ...instance })
    facts.presence = { sleptAt: sighting(sleptAt), idleSince: sighting(idleSince) }
    facts.engines = facts.engines.map(({ name, capabilities: own }) => ({ name, capabilities: [...own, ...offers] }))
  }

const again = (
  name: string,
  about: string,
  seen: Seen,
  expect: Scenario['expect'],
  value: RuleValue<'re-authentication'> = both,
  authentication: WrittenRule = password,
): Scenario => ({
  ...{ name: `re-authentication-${name}`, about, rows: ['PO-3'], expect, change: seeing(seen) },
  layers: [{ layer: 'organisation', rules: [authentication, { setting: 're-authentication', value }] }],
})

const open = screenLock(false, both)
const locked = screenLock(true, both)
const onlySleep = { afterSleep: true, idleMinutes: null }
const onlyIdle = { afterSleep: false, idleMinutes: 10 }
const neither = { afterSleep: false, idleMinutes: null }

export const reAuthenticationScenarios: readonly Scenario[] = [
  again(
    'power-on',
    'At power-on the user has just authenticated, whatever the host did before',
    { kind: 'power-on', authentication: 'passed', sleptAt: now, idleSince: now - 60 * minute },
    open,
  ),
  again('in-use', 'The host neither slept nor idled', {}, open),
  again('slept-before', 'The host woke a second before the user authenticated', { sleptAt: now - 60 * minute - 1 }, open),
  again('slept-same-second', 'It woke in the second in which they did, which counts as after', { sleptAt: now - 60 * minute }, locked),
  again('slept', 'It slept since', { sleptAt: now - minute }, locked),
  again('slept-not-asked', 'It slept, and only idling is asked about', { sleptAt: now - minute }, screenLock(false, onlyIdle), onlyIdle),
  again('sleep-unknown', 'Nobody can tell whether it slept, which counts as having slept', { sleptAt: null }, locked),
  again('idle-last-second', 'The last second of ten idle minutes', { idleSince: now - 10 * minute + 1 }, open),
  again('idle', 'Ten minutes without a touch', { idleSince: now - 10 * minute }, locked),
  again('idle-not-asked', 'The same, and only sleep is asked about', { idleSince: now - 10 * minute }, screenLock(false, onlySleep), onlySleep),
  again('idle-unknown', 'Nobody can tell since when it idles, which counts as too long', { idleSince: null }, locked),
  again(
    'idle-authenticated-after',
    'The user authenticated a second after the ten minutes were over',
    { idleSince: now - 20 * minute, authenticatedAt: now - 10 * minute + 1 },
    open,
  ),
  again(
    'idle-authenticated-before',
    'They did in the second in which they were over, which counts as before',
    { idleSince: now - 20 * minute, authenticatedAt: now - 10 * minute },
    locked,
  ),
  again('never-authenticated', 'When the user authenticated is unknown: any sleep is after it', { authenticatedAt: null, sleptAt: 1 }, locked),
  again('stays-locked', 'Somebody is at the host again; the lock stays', { screenLocked: true }, locked),
  again('no-longer-asked', 'A new policy asks for nothing again', { screenLocked: true }, screenLock(false, neither), neither),
  again('nothing-to-present', 'Where nothing is asked for at first, nothing is asked for again', { screenLocked: true, sleptAt: now }, open, both, {
    setting: 'authentication',
    value: { mode: 'none' },
  }),
  again('show-open', 'A screen that is not locked is shown without a password', { kind: 'show' }, open),
  again('show-locked', 'A locked one is not', { kind: 'show', screenLocked: true }, 'authentication-again'),
  again('show-due', 'Nor one that is to be locked this very second', { kind: 'show', idleSince: now - 10 * minute }, 'authentication-again'),
  again('show-wrong', 'Nor with a wrong password', { kind: 'show', screenLocked: true, authentication: 'wrong' }, 'authentication-wrong'),
  again(
    'show-tries-locked',
    'Nor while tries are refused, though the password is right',
    { kind: 'show', screenLocked: true, authentication: 'passed', lockedUntil: now + 1 },
    'authentication-locked',
  ),
  again('show-passed', 'The right password unlocks it', { kind: 'show', screenLocked: true, authentication: 'passed' }, open),
  again('sleep-unable', 'No engine of the host can lock after sleep', { offers: ['re-authentication:idle'] }, 'capability-missing'),
  again('idle-unable', 'No engine of the host can lock when idle', { offers: ['re-authentication:sleep'] }, 'capability-missing'),
]
