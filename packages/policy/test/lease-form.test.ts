// SPDX-License-Identifier: Apache-2.0
//
// The form of a lease: each limit at its last value that is taken and at the first that is not.
import { describe, expect, it } from 'vitest'
import { lease, leaseFloors } from '../src/trust/lease.ts'
import { inputOf, now } from '../vectors/scenario.ts'

const { lease: base } = inputOf({})
if (base === null) throw new Error('the base scenario has a lease')
const isLease = (change: object) => lease.safeParse({ ...base, ...change }).success
const many = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, index) => make(index))
const sha256 = 'ab'.repeat(32)
const assigned = (desktop: string, serial: number | string = 7, change: object = {}) => ({
  assign: [{ path: `releases/${desktop}/${serial}.json`, serial: Number(serial), sha256, key: null, ...change }],
})
const offline = (change: object) => ({ offline: { ...base.offline, ...change } })
const claims = (change: object) => ({ claims: { ...base.claims, ...change } })
const tuf = (change: object) => ({ tuf: { ...base.tuf, ...change } })
const suspended = (why: string, contact = 'the help desk') => ({ action: 'suspend', suspension: { why, contact } })
const commitment = { problem: 'locked', grant: null, sha256 }
const year = 31_622_400

describe('a lease', () => {
  it.each<[string, object, object]>([
    ['an end after its start', { iat: now, exp: now + 1 }, { iat: now, exp: now }],
    ['a number from 1 on', { seq: 1 }, { seq: 0 }],
    ['a nonce of 22 letters', { nonce: 'n'.repeat(22) }, { nonce: 'n'.repeat(21) }],
    ['a nonce of 86 letters', { nonce: 'n'.repeat(86) }, { nonce: 'n'.repeat(87) }],
    ['a nonce of base64url', { nonce: `${'n'.repeat(21)}-` }, { nonce: `${'n'.repeat(22)}+` }],
    ['nothing before its nonce', { nonce: 'n'.repeat(23) }, { nonce: `+${'n'.repeat(22)}` }],
    ['root metadata from 1 on', tuf({ root: 1 }), tuf({ root: 0 })],
    ['members of its own only', {}, { note: 1 }],
    ['members of its own only in `cnf`', { cnf: { ...base.cnf } }, { cnf: { ...base.cnf, note: 1 } }],
    ['members of its own only in `tuf`', tuf({}), tuf({ note: 1 })],
    ['members of its own only in `claims`', claims({}), claims({ note: 1 })],
    ['members of its own only in `offline`', offline({}), offline({ note: 1 })],
    ['members of its own only in `assign`', assigned('office'), assigned('office', 7, { note: 1 })],
    ['members of its own only in `suspension`', suspended('lost'), { action: 'suspend', suspension: { why: 'lost', contact: 'x', note: 1 } }],
    ['no user', claims({ user: null }), claims({ user: '' })],
    ['1,000 groups', claims({ groups: many(1000, (index) => `g${index}`) }), claims({ groups: many(1001, (index) => `g${index}`) })],
    ['1,000 tags', claims({ tags: many(1000, (index) => `t${index}`) }), claims({ tags: many(1001, (index) => `t${index}`) })],
    [
      '1,000 desktops',
      { assign: many(1000, (index) => assigned(`d${index}`).assign[0]) },
      { assign: many(1001, (index) => assigned(`d${index}`).assign[0]) },
    ],
    [
      'each desktop once',
      { assign: [...assigned('a').assign, ...assigned('b').assign] },
      { assign: [...assigned('a').assign, ...assigned('a', 8).assign] },
    ],
    ['64 commitments', { rescue: many(64, () => commitment) }, { rescue: many(65, () => commitment) }],
    ['a desktop of 64 letters', assigned('d'.repeat(64)), assigned('d'.repeat(65))],
    ['a desktop with a name', assigned('d'), assigned('')],
    ['a path of releases', assigned('d'), assigned('d', 7, { path: 'x/releases/d/7.json' })],
    ['a path that ends', assigned('d'), assigned('d', 7, { path: 'releases/d/7.json/7.json' })],
    ['the serial of its path', assigned('d', 7), assigned('d', 7, { serial: 8 })],
    ['a serial that is written in one way', assigned('d', 7), assigned('d', 7, { path: 'releases/d/07.json' })],
    ['a serial of 16 digits', assigned('d', '1234567890123456'), assigned('d', '12345678901234567')],
    ['a key of five parts', assigned('d', 7, { key: 'a.b.c.d.e' }), assigned('d', 7, { key: 'a.b.c.d' })],
    ['a key of no more parts', assigned('d', 7, { key: 'a.b.c.d.e' }), assigned('d', 7, { key: 'a.b.c.d.e.f' })],
    ['a key with nothing before it', assigned('d', 7, { key: 'a.b.c.d.e' }), assigned('d', 7, { key: '.a.b.c.d.e' })],
    [
      'a key of 16,384 letters',
      assigned('d', 7, { key: `a.b.c.d.${'e'.repeat(16_376)}` }),
      assigned('d', 7, { key: `a.b.c.d.${'e'.repeat(16_377)}` }),
    ],
    ['a year of offline', offline({ suspendAt: year }), offline({ suspendAt: year + 1 })],
    ['no offline at all', offline({ warnAt: 0 }), offline({ warnAt: -1 })],
    ['no running time', offline({ maxRuntimeMinutes: 0 }), offline({ maxRuntimeMinutes: -1 })],
    ['running time without limit', offline({ maxRuntimeMinutes: null }), offline({ maxRuntimeMinutes: 0.5 })],
    ['no starts', offline({ maxBoots: 0 }), offline({ maxBoots: -1 })],
    ['starts without limit', offline({ maxBoots: null }), offline({ maxBoots: '1' })],
    ['a reason with a suspension', suspended('lost'), { action: 'suspend', suspension: null }],
    ['no reason without one', { action: 'run', suspension: null }, { ...suspended('lost'), action: 'run' }],
    ['a reason of 200 letters', suspended('w'.repeat(200)), suspended('w'.repeat(201))],
    ['a reason of one letter', suspended('w'), suspended('')],
    ['a contact of 200 letters', suspended('w', 'c'.repeat(200)), suspended('w', 'c'.repeat(201))],
    ['a contact of one letter', suspended('w', 'c'), suspended('w', '')],
  ])('has %s', (_what, taken, refused) => {
    expect([isLease(taken), isLease(refused)]).toEqual([true, false])
  })
})

describe('the floors of a device', () => {
  const isFloor = (change: object) => leaseFloors.safeParse({ seq: 0, sha256: null, serials: {}, ...change }).success

  it.each<[string, object, object]>([
    ['a number from 0 on', { seq: 0 }, { seq: -1 }],
    ['a digest or none', { sha256 }, { sha256: 'ab' }],
    ['serials of desktops', { serials: { office: 1 } }, { serials: { office: 0 } }],
    ['desktops by their names', { serials: { office: 1 } }, { serials: { Office: 1 } }],
    ['members of their own only', {}, { note: 1 }],
  ])('have %s', (_what, taken, refused) => {
    expect([isFloor(taken), isFloor(refused)]).toEqual([true, false])
  })
})
