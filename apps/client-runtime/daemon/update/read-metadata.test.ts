// SPDX-License-Identifier: Apache-2.0
import { generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UpdateError } from './error.ts'
import { keyIdentity } from './key-identity.ts'
import { readRoot, readSnapshot, readTargets, readTimestamp } from './read-metadata.ts'

const bytes = (value: unknown) => Buffer.from(JSON.stringify(value))
const head = { spec_version: '1.0.31', version: 1, expires: '2030-01-01T00:00:00Z' }
const hashes = { sha256: '0'.repeat(64) }
const documents = {
  timestamp: { signatures: [], signed: { _type: 'timestamp', ...head, meta: { 'snapshot.json': { version: 1 } } } },
  snapshot: { signatures: [], signed: { _type: 'snapshot', ...head, meta: { 'targets.json': { version: 1, length: 3, hashes } } } },
  targets: { signatures: [], signed: { _type: 'targets', ...head, targets: { 'a/b.json': { length: 1, hashes, custom: { note: [1] } } } } },
}
const readers = [
  ['timestamp', readTimestamp, documents.timestamp],
  ['snapshot', readSnapshot, documents.snapshot],
  ['targets', (input: Uint8Array, unknown: 'refuse' | 'ignore') => readTargets('targets', input, unknown), documents.targets],
  ['root', readRoot, undefined],
] as const

describe.each(readers)('reading `%s`', (_name, reader, document) => {
  it('throws nothing but an UpdateError, whatever the bytes', () => {
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.json().map((text) => Buffer.from(text)),
      fc.record({ signatures: fc.jsonValue(), signed: fc.jsonValue() }).map(bytes),
    )
    fc.assert(
      fc.property(anything, fc.constantFrom('refuse' as const, 'ignore' as const), (input, unknown) => {
        expect(() => reader(input, unknown)).toThrow(UpdateError)
      }),
    )
  })

  it('takes what the specification describes, and no field more', () => {
    if (document === undefined) return expect(() => reader(bytes({}), 'refuse')).toThrow(expect.objectContaining({ code: 'metadata-invalid' }))
    expect(reader(bytes(document), 'refuse')).toEqual(document.signed)
    const more = { ...document, signed: { ...document.signed, note: 1 } }
    expect(() => reader(bytes(more), 'refuse')).toThrow(expect.objectContaining({ code: 'metadata-invalid' }))
    expect(reader(bytes(more), 'ignore')).toEqual(document.signed)
  })
})

describe('thresholds of delegations', () => {
  const key = (letter: string) => ({ keytype: 'ed25519', scheme: 'ed25519', keyval: { public: letter.repeat(64) } })
  const delegating = (delegations: object) => bytes({ signatures: [], signed: { _type: 'targets', ...head, targets: {}, delegations } })
  const keys = { one: key('1'), two: key('2') }

  it.each([
    ['a role', (keyids: string[], threshold: number) => ({ keys, roles: [{ name: 'role', keyids, threshold, terminating: true, paths: ['*'] }] })],
    ['hash bins', (keyids: string[], threshold: number) => ({ keys, succinct_roles: { keyids, threshold, bit_length: 4, name_prefix: 'bin' } })],
  ])('to %s are ones that its keys can meet', (_what, build) => {
    const refused = expect.objectContaining({ code: 'threshold-unsound' })
    expect(() => readTargets('targets', delegating(build(['one', 'two'], 3)), 'refuse')).toThrow(refused)
    expect(() => readTargets('targets', delegating(build(['one', 'one'], 2)), 'refuse')).toThrow(refused)
    expect(() => readTargets('targets', delegating(build(['one', 'absent'], 2)), 'refuse')).toThrow(refused)
    expect(readTargets('targets', delegating(build(['one', 'two'], 2)), 'refuse').targets).toEqual({})
  })
})

describe('keyIdentity', () => {
  const read = (keytype: string, text: string) => keyIdentity('id', { keytype, scheme: keytype, keyval: { public: text } })

  it('is one text for one key, however it is written, and another for another', () => {
    const [one, other] = [generateKeyPairSync('ed25519').publicKey, generateKeyPairSync('ed25519').publicKey]
    const hex = Buffer.from(one.export({ format: 'jwk' }).x ?? '', 'base64url').toString('hex')
    const pem = one.export({ type: 'spki', format: 'pem' }).toString()
    const wrapped = pem.replaceAll(/\n(?!-|$)/g, '\r\n')
    expect(new Set([hex, hex.toUpperCase(), pem, wrapped].map((text) => read('ed25519', text))).size).toBe(1)
    expect(read('ed25519', other.export({ type: 'spki', format: 'pem' }).toString())).not.toBe(read('ed25519', pem))
  })

  it('sees through a compressed point of P-256', () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const spki = publicKey.export({ type: 'spki', format: 'der' })
    const { y = '' } = publicKey.export({ format: 'jwk' })
    const parity = 2 + ((Buffer.from(y, 'base64url').at(-1) ?? 0) & 1)
    // SubjectPublicKeyInfo with the 33 bytes of SEC 1, 2.3.3.
    const compressed = Buffer.concat([
      Buffer.from('3039301306072a8648ce3d020106082a8648ce3d030107032200', 'hex'),
      Buffer.of(parity),
      spki.subarray(27, 59),
    ])
    const pem = `-----BEGIN PUBLIC KEY-----\n${compressed.toString('base64')}\n-----END PUBLIC KEY-----\n`
    expect(read('ecdsa', pem)).toBe(read('ecdsa', publicKey.export({ type: 'spki', format: 'pem' }).toString()))
  })

  it.each([
    ['ed25519', 'ab'],
    ['ed25519', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n'],
    ['ecdsa', '04'.repeat(65)],
    ['rsa', ''],
  ])('refuses `%s` written as `%s`', (keytype, text) => {
    expect(() => read(keytype, text)).toThrow(expect.objectContaining({ code: 'metadata-invalid' }))
  })
})
