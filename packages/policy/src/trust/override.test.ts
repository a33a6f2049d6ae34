// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { consoleKey } from '../../test/keys.ts'
import { day, inputOf, minute, now } from '../../vectors/scenario.ts'
import { PolicyError } from '../error.ts'
import { leaseTyp } from './lease.ts'
import { type Override, type OverrideExpectation, overrideGrant, overrideTyp, verifyOverride } from './override.ts'
import { signToken } from './token.ts'

const [helpDesk, other] = [await consoleKey(), await consoleKey()]
const { device } = inputOf({}).facts
const granted: Override = {
  ...{ iss: 'example', sub: device.id, cnf: { jkt: device.jkt }, id: 'AAAAAAAAAAAAAAAAAAAAAA', desktop: 'office' },
  ...{ kind: 'extension', grant: { expiryDays: 3 }, iat: now - minute, exp: now + day },
}
const expected: OverrideExpectation = { keys: helpDesk.keys, issuer: 'example', device, wasTaken: () => false, now }
const sign = (change: object = {}, { signer } = helpDesk, typ = overrideTyp) => signToken({ ...granted, ...change }, { typ, signer })
const outcome = async (token: Promise<string>, change: Partial<OverrideExpectation> = {}) =>
  await verifyOverride(await token, { ...expected, ...change }).catch((error: unknown) => (error instanceof PolicyError ? error.code : error))

describe('an override', () => {
  it.each([
    { kind: 'extension', grant: { expiryDays: 3, offlineMinutes: 60 } },
    { kind: 'extension', grant: { offlineMinutes: 1 } },
    { kind: 'exception', grant: { setting: 'clipboard-to-guest', value: { maxTextBytes: 100 } } },
    { kind: 'exception', grant: { setting: 'network', value: { mode: 'listed', allow: [{ protocol: 'icmp', cidr: '192.0.2.0/24', ports: null }] } } },
    { kind: 'reset', grant: { instance: 'office-1' } },
    { kind: 'move', grant: { instance: 'office-1', from: { device: 'laptop-0', jkt: 'A'.repeat(43) }, to: 'A'.repeat(43) } },
  ])('holds for its device: %j', async (change) => expect(await outcome(sign(change))).toEqual({ ...granted, ...change }))

  it.each<[string, Promise<string>, string]>([
    ['by a key that is not approved', sign({}, other), 'token-key'],
    ['that is a token of another use', sign({}, helpDesk, leaseTyp), 'token-typ'],
    ['of another organisation', sign({ iss: 'other' }), 'override-issuer'],
    ['for another device', sign({ sub: 'laptop-2' }), 'override-device'],
    ['for another key', sign({ cnf: { jkt: 'A'.repeat(43) } }), 'override-device'],
    ['that begins later', sign({ iat: now + 301 }), 'override-not-yet-valid'],
    ['that has ended', sign({ exp: now }), 'override-expired'],
  ])('is refused when it is one %s', async (_what, token, code) => {
    expect(await outcome(token)).toBe(code)
    expect(await outcome(sign())).toEqual(granted)
  })

  it('holds from five minutes before its beginning to the second before its end', async () => {
    expect(await outcome(sign({ iat: now + 300 }))).toMatchObject({ iat: now + 300 })
    expect(await outcome(sign({ exp: now + 1 }))).toMatchObject({ exp: now + 1 })
  })

  it('is taken once, and an other one beside it', async () => {
    const wasTaken = (id: string) => id === granted.id
    expect(await outcome(sign(), { wasTaken })).toBe('override-used')
    expect(await outcome(sign({ id: 'AAAAAAAAAAAAAAAAAAAAAQ' }), { wasTaken })).toMatchObject({ id: 'AAAAAAAAAAAAAAAAAAAAAQ' })
  })

  it.each<[string, object]>([
    ['an unknown kind', { kind: 'wipe', grant: {} }],
    ['the grant of another kind', { grant: { instance: 'office-1' } }],
    ['an extension of nothing', { grant: {} }],
    ['an extension of no days', { grant: { expiryDays: 0 } }],
    ['an exception from a setting that has none', { kind: 'exception', grant: { setting: 'authentication', value: { mode: 'none' } } }],
    ['a value of another setting', { kind: 'exception', grant: { setting: 'exit', value: 'captured' } }],
    [
      'an exception that denies',
      {
        kind: 'exception',
        grant: {
          setting: 'network',
          value: {
            mode: 'listed',
            allow: [{ protocol: 'icmp', cidr: '192.0.2.0/24', ports: null }],
            deny: [{ protocol: 'icmp', cidr: '192.0.2.1/32', ports: null }],
          },
        },
      },
    ],
    ['an id of 120 bits', { id: 'A'.repeat(20) }],
    ['an id of two spellings', { id: `${'A'.repeat(21)}B` }],
    ['an end before its beginning', { exp: granted.iat }],
    ['an unknown field', { note: 'x' }],
  ])('is refused with %s', async (_what, change) => {
    expect(await outcome(sign(change))).toBe('token-claims')
    expect(await outcome(sign())).toEqual(granted)
  })

  it.each<[string, object, object]>([
    ['36,500 days', { grant: { expiryDays: 36_500 } }, { grant: { expiryDays: 36_501 } }],
    ['one day', { grant: { expiryDays: 1 } }, { grant: { expiryDays: 0.5 } }],
    ['366 days in minutes', { grant: { offlineMinutes: 527_040 } }, { grant: { offlineMinutes: 527_041 } }],
    ['one minute', { grant: { offlineMinutes: 1 } }, { grant: { offlineMinutes: 0 } }],
    ['a minute beside the days', { grant: { expiryDays: 1, offlineMinutes: 1 } }, { grant: { expiryDays: 1, offlineMinutes: -1 } }],
  ])('takes %s, and not its neighbour', async (_what, most, more) => {
    expect(await outcome(sign(most))).toMatchObject(most)
    expect(await outcome(sign(more))).toBe('token-claims')
  })

  it.each([
    { kind: 'extension', grant: { expiryDays: 3 } },
    { kind: 'exception', grant: { setting: 'clipboard-to-guest', value: { maxTextBytes: 100 } } },
    { kind: 'reset', grant: { instance: 'office-1' } },
  ])('has no field that is not known, nor has what it grants: $kind', async ({ kind, grant }) => {
    expect(await outcome(sign({ kind, grant }))).toMatchObject({ kind, grant })
    expect(await outcome(sign({ kind, grant, note: 'x' }))).toBe('token-claims')
    expect(await outcome(sign({ kind, grant: { ...grant, note: 'x' } }))).toBe('token-claims')
    expect(await outcome(sign({ kind, grant, cnf: { ...granted.cnf, note: 'x' } }))).toBe('token-claims')
    expect(overrideGrant.parse({ kind, grant })).toEqual({ kind, grant })
    expect(overrideGrant.safeParse({ kind, grant, note: 'x' }).success).toBe(false)
  })

  it('goes by its own name, and is read to 128 KiB', async () => {
    expect(await outcome(sign({}, helpDesk, 'casemate-override+jwt'))).toEqual(granted)
    expect(await outcome(Promise.resolve('a'.repeat(131_072)))).toBe('token-form')
    expect(await outcome(Promise.resolve('a'.repeat(131_073)))).toBe('token-size')
  })

  it('is named after the earlier of two faults', async () => {
    const faults: readonly (readonly [object, string])[] = [
      [{ iss: 'other' }, 'override-issuer'],
      [{ sub: 'laptop-2' }, 'override-device'],
      [{ iat: now + 301, exp: now + day }, 'override-not-yet-valid'],
      [{ exp: now }, 'override-expired'],
    ]
    const taken = { wasTaken: () => true }
    for (const [index, [first, code]] of faults.entries()) {
      for (const [second] of faults.slice(index + 1)) expect(await outcome(sign({ ...second, iat: granted.iat, ...first }), taken)).toBe(code)
      expect(await outcome(sign(first), taken)).toBe(code)
    }
  })
})
