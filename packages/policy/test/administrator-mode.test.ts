// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isWithinMode, loosen } from '../src/decision/loosen.ts'
import { isWithin, presentValue } from '../src/model/exception.ts'
import { catalogue, defaultValues } from '../src/model/settings.ts'
import {
  type AdministratorClaims,
  type AdministratorGrant,
  signAdministratorGrant,
  verifyAdministratorGrant,
} from '../src/trust/administrator-grant.ts'
import { openAdministratorKey, readAdministratorKey, writeAdministratorKey } from '../src/trust/administrator-key.ts'
import { makeAdministratorKey } from '../src/trust/make-administrator-key.ts'
import { anyException, values } from './arbitraries.ts'
import { argon2id } from './argon2id.ts'
import { random } from './keys.ts'

const params = { memoryKiB: 19_456, passes: 2, lanes: 1 }
const typed = (text: string) => ({ text, derive: argon2id, params })
const coded = (code: string) => expect.objectContaining({ name: 'PolicyError', code })
const key = await makeAdministratorKey(typed('open sesame'), random)
const other = await makeAdministratorKey(typed('open sesame'), random)

const jkt = 'A'.repeat(43)
const claims: AdministratorClaims = {
  ...{ iss: 'example', sub: 'laptop-1', cnf: { jkt }, id: 'A'.repeat(22), desktop: 'office', seq: 3, iat: 1000, exp: 1060 },
  exceptions: [{ setting: 'exit', value: 'user' }],
}
const expected = { key: key.publicJwk, issuer: 'example', device: { id: 'laptop-1', jkt } }

describe('the key of an administrator mode', () => {
  it('reads back as it was written, and in no other spelling', () => {
    expect(readAdministratorKey(writeAdministratorKey(key))).toEqual(key)
    const { publicJwk, kdf, wrapped } = key
    const turned = Buffer.from(JSON.stringify({ wrapped, kdf, publicJwk })).toString('base64url')
    expect(() => readAdministratorKey(turned)).toThrow(coded('key-invalid'))
    expect(() => readAdministratorKey('AAAA')).toThrow(coded('key-invalid'))
  })

  it('opens under its password and no other', async () => {
    expect((await openAdministratorKey(key, typed('open sesame'))).alg).toBe('Ed25519')
    await expect(openAdministratorKey(key, typed('open sesamE'))).rejects.toThrow(coded('password-wrong'))
  })

  it('does not open where the public half is of another key', async () => {
    await expect(openAdministratorKey({ ...key, publicJwk: other.publicJwk }, typed('open sesame'))).rejects.toThrow(coded('key-invalid'))
    await expect(openAdministratorKey(other, typed('open sesame'))).resolves.toBeDefined()
  })
})

describe('a grant of an administrator', () => {
  const sign = async (change: Partial<AdministratorClaims> = {}, by = key) =>
    signAdministratorGrant({ ...claims, ...change }, await openAdministratorKey(by, typed('open sesame')))

  it('is what was signed, and says by which key', async () => {
    expect(await verifyAdministratorGrant(await sign(), expected)).toEqual({ ...claims, kind: 'administrator', by: key.publicJwk.x })
  })

  it('is not taken from another key than that of the policy', async () => {
    const foreign = await sign({}, other)
    await expect(verifyAdministratorGrant(foreign, expected)).rejects.toThrow(coded('token-key'))
    expect(await verifyAdministratorGrant(foreign, { ...expected, key: other.publicJwk })).toMatchObject({ by: other.publicJwk.x })
  })

  it.each([
    ['organisation', { iss: 'other' }],
    ['device', { sub: 'laptop-2' }],
    ['key of the device', { cnf: { jkt: `${'A'.repeat(41)}EA` } }],
  ])('is not taken from another %s', async (_, change) => {
    await expect(verifyAdministratorGrant(await sign(change), expected)).rejects.toThrow(coded('administrator-grant-foreign'))
  })

  it('is not taken with a byte changed', async () => {
    const token = await sign()
    const at = token.length - 10
    const altered = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
    await expect(verifyAdministratorGrant(altered, expected)).rejects.toThrow(coded('token-signature'))
  })

  it('is not made without an end after its beginning', async () => {
    await expect(sign({ exp: claims.iat })).rejects.toThrow()
    expect(await sign({ exp: claims.iat + 1 })).toMatch(/^ey/)
  })
})

it('gives nothing beyond what the policy lets an administrator give, and takes nothing away', () => {
  fc.assert(
    fc.property(
      values['administrator-mode'],
      fc.array(anyException, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 500 }),
      (mode, exceptions, minutes) => {
        const by = mode.mode === 'off' ? 'A'.repeat(43) : readAdministratorKey(mode.key).publicJwk.x
        const grant: AdministratorGrant = { ...claims, exp: claims.iat + minutes * 60, exceptions, kind: 'administrator', by }
        const before = { ...defaultValues, 'administrator-mode': mode }
        const { values: after, ids } = loosen(before, { ...claims, seq: 3 }, 'office', [grant], claims.iat)
        for (const { setting } of exceptions) {
          const [was, is] = [presentValue(before, setting), presentValue(after, setting)]
          const allowed = mode.mode === 'off' ? [] : mode.allows
          expect(isWithin(was, is)).toBe(true)
          expect(isWithin(is, was) || allowed.some((most) => most.setting === setting)).toBe(true)
        }
        if (!isWithinMode(grant, mode)) expect([after, ids]).toEqual([before, []])
        expect(catalogue['administrator-mode'].value.safeParse(mode).success).toBe(true)
      },
    ),
  )
})
