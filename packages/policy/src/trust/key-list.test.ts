// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { consoleKey } from '../../test/keys.ts'
import { keyListPath, parseKeyList } from './key-list.ts'

const [one, other] = [await consoleKey(), await consoleKey()]
const entry = ({ signer, publicJwk }: typeof one) => ({ kid: signer.kid, jwk: publicJwk })
const list = (keys: readonly object[], purpose = 'online') => JSON.stringify({ format: 'casemate-keys-1', purpose, keys })

describe('a list of approved keys', () => {
  it('finds its keys by id, and no other', async () => {
    const keys = await parseKeyList(list([entry(one)]), 'online')
    expect(keys(one.signer.kid)).toEqual(one.publicJwk)
    expect(keys(other.signer.kid)).toBeUndefined()
    expect(keys('__proto__')).toBeUndefined()
  })

  it('may be empty: then nothing is trusted', async () => {
    expect((await parseKeyList(list([]), 'online'))(one.signer.kid)).toBeUndefined()
  })

  it.each([
    ['another purpose', list([entry(one)], 'help-desk')],
    ['an id that is not the thumbprint', list([{ ...entry(one), kid: other.signer.kid }])],
    ['one key twice', list([entry(one), entry(one)])],
    ['an unknown field', list([{ ...entry(one), note: 'x' }])],
    ['another kind of key', list([{ kid: one.signer.kid, jwk: { kty: 'RSA', n: 'AQAB', e: 'AQAB' } }])],
  ])('is refused with %s', async (_what, text) => {
    await expect(parseKeyList(text, 'online')).rejects.toThrow(expect.objectContaining({ code: 'key-list-invalid' }))
    await expect(parseKeyList(list([entry(one), entry(other)]), 'online')).resolves.toBeDefined()
  })

  it('stands under its purpose', () => expect(keyListPath('online')).toBe('keys/online.json'))
})
