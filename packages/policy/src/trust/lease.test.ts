// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { consoleKey } from '../../test/keys.ts'
import { inputOf, now } from '../../vectors/scenario.ts'
import { PolicyError } from '../error.ts'
import { type Lease, type LeaseExpectation, type LeaseFloors, leaseTyp, verifyLease } from './lease.ts'
import { sha256Hex } from './sha256.ts'
import { signToken } from './token.ts'

const key = await consoleKey()
const { lease: base, facts } = inputOf({})
if (base === null) throw new Error('the base scenario has a lease')
const sign = (change: Partial<Lease> = {}) => signToken({ ...base, ...change }, { typ: leaseTyp, signer: key.signer })
const assigned = (serial: number) => [{ path: `releases/office/${serial}.json`, serial, sha256: 'ab'.repeat(32), key: null }]
const expected: LeaseExpectation = {
  keys: key.keys,
  issuer: base.iss,
  device: facts.device,
  nonce: base.nonce,
  floors: { seq: 40, sha256: null, serials: { office: 7 } },
  repository: facts.repository,
  now,
}
const refusal = async (token: string | Promise<string>, change: Partial<LeaseExpectation> = {}) => {
  const outcome = await verifyLease(await token, { ...expected, ...change }).catch((error: unknown) => error)
  return outcome instanceof PolicyError ? outcome.code : outcome
}

describe('a lease', () => {
  it('holds for the device, the question and the metadata that it was made for, and raises the floors', async () => {
    const token = await sign({ seq: 41, assign: assigned(8) })
    expect(await verifyLease(token, expected)).toEqual({
      lease: { ...base, seq: 41, assign: assigned(8) },
      floors: { seq: 41, sha256: await sha256Hex(new TextEncoder().encode(token)), serials: { office: 8 } },
    })
  })

  it.each<[string, Partial<Lease>, Partial<LeaseExpectation>, string]>([
    ['of another organisation', { iss: 'other' }, {}, 'lease-issuer'],
    ['for another device', { sub: 'laptop-2' }, {}, 'lease-device'],
    ['for another key', { cnf: { jkt: 'A'.repeat(43) } }, {}, 'lease-device'],
    ['that answers another question', { nonce: 'BAAAAAAAAAAAAAAAAAAAAA' }, {}, 'lease-nonce'],
    ['below the floor', { seq: 39 }, {}, 'lease-older'],
    ['that is a second one of its number', {}, { floors: { seq: 40, sha256: '00'.repeat(32), serials: {} } }, 'lease-fork'],
    ['with a desktop below its floor', { assign: assigned(6) }, {}, 'lease-release-older'],
    ['that demands newer metadata', { tuf: { root: 1, snapshot: 12, timestamp: 31 } }, {}, 'lease-repository'],
    ['that has ended and is read again', {}, { nonce: null, now: base.exp }, 'lease-expired'],
  ])('is refused when it is one %s', async (_what, claims, change, code) => {
    expect(await refusal(sign(claims), change)).toBe(code)
    expect(await refusal(sign(), {})).toMatchObject({ lease: { seq: 40 } })
  })

  it('is judged by its own time when it answers a question, and by the clock when it is read again', async () => {
    const token = await sign()
    expect(await refusal(token, { now: base.exp })).toMatchObject({ lease: { seq: 40 } })
    expect(await refusal(token, { now: base.exp, nonce: null })).toBe('lease-expired')
    expect(await refusal(token, { now: base.exp - 1, nonce: null })).toMatchObject({ lease: { seq: 40 } })
  })

  it('is taken again under its own number', async () => {
    const token = await sign()
    const { floors } = await verifyLease(token, expected)
    expect((await verifyLease(token, { ...expected, floors })).floors).toEqual(floors)
  })

  it.each<[string, object]>([
    ['an end before its start', { exp: base.iat }],
    ['one desktop twice', { assign: [...assigned(7), ...assigned(8)] }],
    ['a serial that its path does not name', { assign: [{ ...assigned(7)[0], serial: 8 }] }],
    ['an unknown claim', { note: 1 }],
    ['an unknown action', { action: 'wipe' }],
    ['a number of 0', { seq: 0 }],
  ])('is refused with %s', async (_what, change) => {
    expect(await refusal(sign(change))).toBe('token-claims')
  })

  it('is refused when it was signed for another use', async () => {
    expect(await refusal(signToken(base, { typ: 'casemate-time+jwt', signer: key.signer }))).toBe('token-typ')
  })

  it('is checked in the order that is documented', async () => {
    const faults: readonly [string, Partial<Lease>][] = [
      ['lease-issuer', { iss: 'other' }],
      ['lease-device', { sub: 'laptop-2' }],
      ['lease-nonce', { nonce: 'BAAAAAAAAAAAAAAAAAAAAA' }],
      ['lease-older', { seq: 39 }],
      ['lease-release-older', { assign: assigned(6) }],
      ['lease-repository', { tuf: { root: 2, snapshot: 1, timestamp: 1 } }],
    ]
    for (const [index, [code]] of faults.entries()) {
      expect(await refusal(sign(Object.assign({}, ...faults.slice(index).map(([, change]) => change))))).toBe(code)
    }
  })

  it('never lowers a floor, in whatever order leases come', async () => {
    const leases = fc.array(fc.record({ seq: fc.integer({ min: 1, max: 6 }), serial: fc.integer({ min: 1, max: 6 }) }), { maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(leases, async (offered) => {
        let floors: LeaseFloors = { seq: 0, sha256: null, serials: {} }
        for (const { seq, serial } of offered) {
          const outcome = await verifyLease(await sign({ seq, assign: assigned(serial) }), { ...expected, floors }).catch((error: unknown) => error)
          if (outcome instanceof PolicyError) continue
          const next = await verifyLease(await sign({ seq, assign: assigned(serial) }), { ...expected, floors })
          expect(next.floors.seq).toBeGreaterThanOrEqual(floors.seq)
          expect(next.floors.serials.office ?? 0).toBeGreaterThanOrEqual(floors.serials.office ?? 0)
          floors = next.floors
        }
        const highest = Math.max(0, ...offered.map(({ seq }) => seq))
        expect(floors.seq).toBeLessThanOrEqual(highest)
      }),
      { numRuns: 60 },
    )
  })

  it('is never made of random text', async () => {
    await fc.assert(fc.asyncProperty(fc.string(), async (text) => void expect(await refusal(text)).toMatch(/^token-/)))
  })
})
