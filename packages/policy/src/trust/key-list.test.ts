// SPDX-License-Identifier: Apache-2.0
import nacl from 'tweetnacl'
import { describe, expect, it } from 'vitest'
import { consoleKey, random } from '../../test/keys.ts'
import { encodeBase64url } from './base64url.ts'
import { thumbprint } from './jwk.ts'
import { keyListPath, parseEscrowKeys, parseKeyList } from './key-list.ts'

const [one, other] = [await consoleKey(), await consoleKey()]
const many = await Promise.all(Array.from({ length: 65 }, () => consoleKey()))
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
    ['an unknown member', JSON.stringify({ ...JSON.parse(list([entry(one)])), note: 'x' })],
    ['sixty-five keys', list(Array.from({ length: 65 }, (_, index) => entry(many[index] ?? one)))],
    ['another kind of key', list([{ kid: one.signer.kid, jwk: { kty: 'RSA', n: 'AQAB', e: 'AQAB' } }])],
  ])('is refused with %s', async (_what, text) => {
    await expect(parseKeyList(text, 'online')).rejects.toThrow(expect.objectContaining({ code: 'key-list-invalid' }))
    await expect(parseKeyList(list([entry(one), entry(other)]), 'online')).resolves.toBeDefined()
  })

  it('holds up to sixty-four keys', async () => {
    const last = many[63] ?? one
    expect((await parseKeyList(list(many.slice(0, 64).map(entry)), 'online'))(last.signer.kid)).toEqual(last.publicJwk)
  })

  it('may be that of the help desk', async () => {
    expect((await parseKeyList(list([entry(one)], 'help-desk'), 'help-desk'))(one.signer.kid)).toEqual(one.publicJwk)
    await expect(parseKeyList(list([entry(one)], 'online'), 'help-desk')).rejects.toThrow(expect.objectContaining({ code: 'key-list-invalid' }))
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
    ['an unknown field of a key', escrowList(2, [ada, { ...ben, note: 'x' }])],
    ['the form of signing keys', list([ada, ben], 'escrow')],
  ])('is refused with %s', async (_what, text) => {
    await expect(parseEscrowKeys(text)).rejects.toThrow(expect.objectContaining({ code: 'key-list-invalid' }))
    await expect(parseEscrowKeys(escrowList(2, [ada, ben]))).resolves.toBeDefined()
  })
})

it('takes an escrow key whose products have a byte of zero, as one in nine does', async () => {
  const whole = await escrowEntry(nacl.box.keyPair.fromSecretKey(new Uint8Array(32).fill(4)).publicKey)
  expect((await parseEscrowKeys(escrowList(2, [ada, whole]))).keys.map(({ kid }) => kid)).toEqual([ada.kid, whole.kid])
})

describe.each([
  ['signing keys', list([entry(one)]), (text: string) => parseKeyList(text, 'online')],
  ['escrow keys', escrowList(2, [ada, ben]), parseEscrowKeys],
])('the text of a list of %s', (_what, text, parse) => {
  it('has at most 65,536 bytes and 5 levels', async () => {
    await expect(parse(text.padEnd(65_536))).resolves.toBeDefined()
    await expect(parse(text.padEnd(65_537))).rejects.toThrow(expect.objectContaining({ code: 'json-size' }))
    await expect(parse('[[[[[]]]]]')).rejects.toThrow(expect.objectContaining({ code: 'key-list-invalid' }))
    await expect(parse('[[[[[[]]]]]]')).rejects.toThrow(expect.objectContaining({ code: 'json-depth' }))
  })
})
