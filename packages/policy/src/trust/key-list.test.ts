// SPDX-License-Identifier: Apache-2.0
import nacl from 'tweetnacl'
import { describe, expect, it } from 'vitest'
import { consoleKey, random } from '../../test/keys.ts'
import { encodeBase64url } from './base64url.ts'
import { thumbprint } from './jwk.ts'
import { keyListPath, parseEscrowKeys, parseKeyList } from './key-list.ts'

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
    ['the purpose of escrow, whose keys do not sign', list([entry(one)], 'escrow')],
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

const escrowEntry = async (publicKey: Uint8Array = nacl.box.keyPair.fromSecretKey(random(32)).publicKey) => {
  const jwk = { kty: 'OKP', crv: 'X25519', x: encodeBase64url(publicKey) } as const
  return { kid: await thumbprint(jwk), jwk }
}
const [ada, ben, cora] = [await escrowEntry(), await escrowEntry(), await escrowEntry()]
const pointless = await escrowEntry(new Uint8Array(32))
const seventeen = await Promise.all(Array.from({ length: 17 }, () => escrowEntry()))
const escrowList = (threshold: number, keys: readonly object[], more: object = {}) =>
  JSON.stringify({ format: 'casemate-escrow-keys-1', purpose: 'escrow', threshold, keys, ...more })

describe('a list of escrow keys', () => {
  it('says how many of which keys', async () => {
    const { threshold, keys } = await parseEscrowKeys(escrowList(2, [ada, ben, cora]))
    expect(threshold).toBe(2)
    expect(keys.map(({ kid }) => kid)).toEqual([ada.kid, ben.kid, cora.kid])
    expect(keys.map(({ publicKey }) => encodeBase64url(publicKey))).toEqual([ada.jwk.x, ben.jwk.x, cora.jwk.x])
  })

  it.each([
    ['one person alone', escrowList(1, [ada, ben])],
    ['more than its keys', escrowList(3, [ada, ben])],
    ['one key twice', escrowList(2, [ada, ada, ben])],
    ['an id that is not the thumbprint', escrowList(2, [ada, { ...ben, kid: cora.kid }])],
    ['a key that signs', escrowList(2, [ada, entry(one)])],
    ['a key that agrees on nothing', escrowList(2, [ada, ben, pointless])],
    ['seventeen keys', escrowList(2, seventeen)],
    ['an unknown field', escrowList(2, [ada, ben], { note: 'x' })],
    ['the form of signing keys', list([ada, ben], 'escrow')],
  ])('is refused with %s', async (_what, text) => {
    await expect(parseEscrowKeys(text)).rejects.toThrow(expect.objectContaining({ code: 'key-list-invalid' }))
    await expect(parseEscrowKeys(escrowList(2, [ada, ben]))).resolves.toBeDefined()
  })
})
