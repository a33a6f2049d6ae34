// SPDX-License-Identifier: Apache-2.0
//
// PO-21: what an administrator at the device lets a desktop do, within the bounds of the policy and to the second.
import type { AdministratorGrant } from '../../src/trust/administrator-grant.ts'
import { writeAdministratorKey } from '../../src/trust/administrator-key.ts'
import { jkt, type LayerOf, minute, noPassword, now, type RuleValue, type Scenario, type VectorInput, type WrittenRule } from '../scenario.ts'

const id = 'AAAAAAAAAAAAAAAAAAAAAA'
type Mode = Extract<RuleValue<'administrator-mode'>, { mode: 'password' }>
type Allowed = Mode['allows'][number]

const publicX = (letter: string) => `${letter.repeat(42)}A`
const key = (letter: string): string =>
  writeAdministratorKey({
    publicJwk: { kty: 'OKP', crv: 'Ed25519', x: publicX(letter) },
    kdf: { name: 'argon2id', memoryKiB: 65_536, passes: 3, lanes: 4, salt: 'A'.repeat(22) },
    wrapped: `${letter.repeat(53)}A`,
  })
const paste = (maxTextBytes: number): Allowed => ({ setting: 'clipboard-to-guest', value: { maxTextBytes } })
const suspend: Allowed = { setting: 'exit', value: 'suspend' }
const mode = (change: Partial<Mode> = {}): WrittenRule => ({
  setting: 'administrator-mode',
  value: { mode: 'password', key: key('B'), maxMinutes: 30, tries: 5, lockMinutes: 15, allows: [paste(100), suspend], ...change },
})

const grant = (change: Partial<AdministratorGrant> = {}): AdministratorGrant => ({
  ...{ iss: 'example', sub: 'laptop-1', cnf: { jkt }, id, desktop: 'office', seq: 1, iat: now - minute, exp: now + 29 * minute },
  ...{ exceptions: [paste(100)], kind: 'administrator', by: publicX('B') },
  ...change,
})

type Change = (input: VectorInput & { lease: NonNullable<VectorInput['lease']> }) => void

const scenario = (
  name: string,
  about: string,
  grants: NonNullable<VectorInput['overrides']>,
  expect: Scenario['expect'],
  { rules = [mode()], change, more = [] }: { rules?: readonly WrittenRule[]; change?: Change; more?: readonly LayerOf[] } = {},
): Scenario => ({
  ...{ name: `administrator-${name}`, about, rows: ['PO-21'], expect },
  layers: [{ layer: 'organisation', rules: [noPassword, ...rules] }, ...more],
  change: (input) => {
    input.overrides = grants
    change?.(input)
  },
})

const shut: Scenario['expect'] = { plan: { clipboard: { toGuest: { allowed: false, maxBytes: 0 }, fromGuest: { allowed: false, maxBytes: 0 } } } }
const open = (maxBytes: number): Scenario['expect'] => ({
  plan: { clipboard: { toGuest: { allowed: true, maxBytes }, fromGuest: { allowed: false, maxBytes: 0 } }, overrides: [id] },
})

export const administratorScenarios: readonly Scenario[] = [
  scenario('none', 'What the policy gives while no administrator is there', [], shut),
  scenario('within', 'The loosest value that the policy lets an administrator give', [grant()], open(100)),
  scenario('beyond', 'One byte more counts for nothing', [grant({ exceptions: [paste(101)] })], shut),
  scenario('two', 'Two settings at once', [grant({ exceptions: [paste(50), suspend] })], {
    plan: { clipboard: { toGuest: { allowed: true, maxBytes: 50 }, fromGuest: { allowed: false, maxBytes: 0 } }, exit: 'suspend', overrides: [id] },
  }),
  scenario(
    'one-beyond',
    'One of two beyond the policy: neither counts',
    [grant({ exceptions: [paste(50), { setting: 'exit', value: 'user' }] })],
    shut,
  ),
  scenario('unlisted', 'A setting that the policy does not list', [grant({ exceptions: [{ setting: 'serial-port', value: 'captured' }] })], {
    plan: { serial: 'none' },
  }),
  scenario('last-second', 'Its last second', [grant({ iat: now - 30 * minute + 1, exp: now + 1 })], open(100)),
  scenario('end', 'The second after it', [grant({ iat: now - 30 * minute, exp: now })], shut),
  scenario('long', 'As long as the policy allows', [grant({ iat: now, exp: now + 30 * minute })], open(100)),
  scenario('too-long', 'One second longer counts for nothing', [grant({ iat: now, exp: now + 30 * minute + 1 })], shut),
  scenario('early-tolerated', 'One that begins in five minutes', [grant({ iat: now + 300, exp: now + 600 })], open(100)),
  scenario('early', 'One second more', [grant({ iat: now + 301, exp: now + 600 })], shut),
  scenario('key', 'Of a key that the policy does not name', [grant({ by: publicX('C') })], shut),
  scenario('off', 'A policy that names no key', [grant()], shut, { rules: [] }),
  scenario('desktop', 'For another desktop', [grant({ desktop: 'lab' })], shut),
  scenario('device', 'Of another device', [grant({ sub: 'laptop-2' })], shut),
  scenario('device-key', 'Of another key of the device', [grant({ cnf: { jkt: `${jkt.slice(0, -2)}AA` } })], shut),
  scenario('issuer', 'Of another organisation', [grant({ iss: 'other' })], shut),
  scenario('lease', 'Made under the lease of now', [grant({ seq: 41 })], open(100), {
    change: ({ lease }) => {
      lease.seq = 41
    },
  }),
  scenario('lease-ahead', 'Made under a later lease than the one of now', [grant({ seq: 42 })], shut, {
    change: ({ lease }) => {
      lease.seq = 41
    },
  }),
  scenario('lease-over', 'A lease that has ended is not extended', [grant()], 'lease-expired', {
    change: ({ lease }) => {
      lease.exp = now
    },
  }),
  scenario('running', 'A VM that runs takes it', [grant()], open(100), {
    change: ({ request }) => {
      request.kind = 'continue'
    },
  }),
  scenario('layers', 'What both layers let an administrator give', [grant({ exceptions: [paste(60)] })], open(60), {
    more: [{ layer: 'group', selector: { group: 'staff' }, rules: [mode({ allows: [paste(60)] })] }],
  }),
  scenario('layers-beyond', 'One byte more than both', [grant({ exceptions: [paste(61)] })], shut, {
    more: [{ layer: 'group', selector: { group: 'staff' }, rules: [mode({ allows: [paste(60)] })] }],
  }),
  scenario('layers-keys', 'Two layers with two keys leave no administrator mode', [grant()], shut, {
    more: [{ layer: 'group', selector: { group: 'staff' }, rules: [mode({ key: key('C') })] }],
  }),
  scenario('layers-off', 'A layer that allows none', [grant()], shut, {
    more: [{ layer: 'group', selector: { group: 'staff' }, rules: [{ setting: 'administrator-mode', value: { mode: 'off' } }] }],
  }),
]
