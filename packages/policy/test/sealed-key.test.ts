// SPDX-License-Identifier: Apache-2.0
import { createHash, randomBytes } from 'node:crypto'
import nacl from 'tweetnacl'
import { describe, expect, it } from 'vitest'
import { encodeBase64url } from '../src/trust/base64url.ts'
import { type Argon2idParams, recommendedParams } from '../src/trust/passphrase.ts'
import { describeSealedKey, openKey, type SealedSecret, sealKey } from '../src/trust/sealed-key.ts'
import { argon2id } from './argon2id.ts'

const cheapest: Argon2idParams = { memoryKiB: 19_456, passes: 2, lanes: 1 }
const random = (length: number) => new Uint8Array(randomBytes(length))
const options = { derive: argon2id, random, params: cheapest }
const approver = (): Extract<SealedSecret, { seed: Uint8Array }> => {
  const { publicKey, secretKey } = nacl.sign.keyPair()
  return { kind: 'approver-key', seed: secretKey.slice(0, 32), publicKey, keyId: createHash('sha256').update(publicKey).digest('hex') }
}
const coded = (code: string) => expect.objectContaining({ name: 'PolicyError', code })

describe('a sealed key', () => {
  it('opens with its passphrase, and only with it', async () => {
    const secret = random(32)
    const text = await sealKey({ kind: 'chunk-key', secret }, 'correct horse', options)
    expect(await openKey(text, 'correct horse', { kind: 'chunk-key', derive: argon2id })).toEqual({ kind: 'chunk-key', secret })
    await expect(openKey(text, 'correct horsf', { kind: 'chunk-key', derive: argon2id })).rejects.toThrow(coded('sealed-key-passphrase'))
    await expect(openKey(text, '', { kind: 'chunk-key', derive: argon2id })).rejects.toThrow(coded('sealed-key-passphrase'))
  })

  it('keeps an approver key with its id and public key, which stay readable without the passphrase', async () => {
    const key = approver()
    const text = await sealKey(key, 'words', options)
    expect(describeSealedKey(text)).toEqual({ kind: 'approver-key', keyId: key.keyId, publicKey: encodeBase64url(key.publicKey) })
    expect(await openKey(text, 'words', { kind: 'approver-key', derive: argon2id })).toEqual(key)
    expect(text).not.toContain(encodeBase64url(key.seed))
  })

  it('opens with the same passphrase typed in another Unicode form', async () => {
    const secret = random(32)
    const text = await sealKey({ kind: 'chunk-key', secret }, 'caf\u00e9', options)
    expect(await openKey(text, 'cafe\u0301', { kind: 'chunk-key', derive: argon2id })).toEqual({ kind: 'chunk-key', secret })
  })

  it('seals the same secret to different bytes each time', async () => {
    const secret: SealedSecret = { kind: 'chunk-key', secret: random(32) }
    expect(await sealKey(secret, 'words', options)).not.toBe(await sealKey(secret, 'words', options))
  })

  it('records the parameters that it was derived with, by default those of RFC 9106', async () => {
    const seen: Argon2idParams[] = []
    const derive: typeof argon2id = async (_passphrase, _salt, params) => {
      seen.push(params)
      return new Uint8Array(32)
    }
    const text = await sealKey({ kind: 'chunk-key', secret: random(32) }, 'words', { derive, random })
    await openKey(text, 'words', { kind: 'chunk-key', derive })
    expect(seen).toEqual([recommendedParams, recommendedParams])
    expect(recommendedParams).toEqual({ memoryKiB: 65_536, passes: 3, lanes: 4 })
  })

  it('is not taken for a key of another kind', async () => {
    const text = await sealKey(approver(), 'words', options)
    await expect(openKey(text, 'words', { kind: 'online-key', derive: argon2id })).rejects.toThrow(coded('sealed-key-kind'))
    expect((await openKey(text, 'words', { kind: 'approver-key', derive: argon2id })).kind).toBe('approver-key')
  })

  it('keeps an escrow key, whose pair is of X25519, and refuses one under the public key of a signing pair', async () => {
    const { publicKey, secretKey } = nacl.box.keyPair()
    const keyId = encodeBase64url(random(32))
    const text = await sealKey({ kind: 'escrow-key', secretKey, publicKey, keyId }, 'words', options)
    expect(describeSealedKey(text)).toEqual({ kind: 'escrow-key', keyId, publicKey: encodeBase64url(publicKey) })
    expect(await openKey(text, 'words', { kind: 'escrow-key', derive: argon2id })).toEqual({ kind: 'escrow-key', secretKey, publicKey, keyId })
    const signing = { kind: 'escrow-key' as const, secretKey, publicKey: nacl.sign.keyPair.fromSeed(secretKey).publicKey, keyId }
    await expect(sealKey(signing, 'words', options)).rejects.toThrow(coded('sealed-key-invalid'))
  })

  it.each([
    ['kind', /"approver-key"/, '"online-key"', 'online-key'],
    ['key id', /"keyId": "../, '"keyId": "ff', 'approver-key'],
    ['salt', /"salt": "../, '"salt": "AA', 'approver-key'],
    ['nonce', /"nonce": "../, '"nonce": "AA', 'approver-key'],
    ['box', /"box": "../, '"box": "AA', 'approver-key'],
    ['passes', /"passes": 2/, '"passes": 3', 'approver-key'],
  ] as const)('does not open when its %s was altered', async (_field, pattern, replacement, kind) => {
    const text = await sealKey({ ...approver(), keyId: '00'.repeat(32) }, 'words', options)
    const altered = text.replace(pattern, replacement)
    expect(altered).not.toBe(text)
    await expect(openKey(altered, 'words', { kind, derive: argon2id })).rejects.toThrow(coded('sealed-key-passphrase'))
  })

  it.each([
    ['memory beyond 256 MiB', '"memoryKiB": 19456', '"memoryKiB": 262145'],
    ['memory below the least allowed', '"memoryKiB": 19456', '"memoryKiB": 8'],
    ['too many passes', '"passes": 2', '"passes": 11'],
    ['another derivation', 'argon2id', 'scrypt'],
    ['an unknown field', '"lanes": 1', '"lanes": 1, "note": "x"'],
    ['a repeated field', '"lanes": 1', '"lanes": 1, "lanes": 1'],
    ['another format', 'sealed-key-1', 'sealed-key-2'],
  ])('refuses %s before anything is derived', async (_what, from, to) => {
    const text = await sealKey({ kind: 'chunk-key', secret: random(32) }, 'words', options)
    const derive = () => Promise.reject(new Error('derived'))
    expect(text).toContain(from)
    await expect(openKey(text.replace(from, to), 'words', { kind: 'chunk-key', derive })).rejects.toThrow(coded('sealed-key-invalid'))
    await expect(openKey(text, 'words', { kind: 'chunk-key', derive })).rejects.toThrow('derived')
  })

  it('is not made of a key whose public half is another key, nor of a short secret, nor with weak parameters', async () => {
    const [one, other] = [approver(), approver()]
    await expect(sealKey({ ...one, publicKey: other.publicKey }, 'words', options)).rejects.toThrow(coded('sealed-key-invalid'))
    await expect(sealKey({ kind: 'chunk-key', secret: random(31) }, 'words', options)).rejects.toThrow(coded('sealed-key-invalid'))
    const weak = { ...options, params: { memoryKiB: 1024, passes: 2, lanes: 1 } }
    await expect(sealKey(one, 'words', weak)).rejects.toThrow(coded('sealed-key-invalid'))
    expect(describeSealedKey(await sealKey(one, 'words', options)).kind).toBe('approver-key')
  })
})
