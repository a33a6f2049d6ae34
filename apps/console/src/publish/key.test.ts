// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { keyIdOf, keyTable, roleOf } from './key.ts'

const publicKey = (fill: number) => new Uint8Array(32).fill(fill)
const key = (fill: number) => ({ publicKey: publicKey(fill), keyId: keyIdOf(publicKey(fill)) })
const coded = (code: string) => expect.objectContaining({ name: 'PublishError', code })

describe('the id of a key', () => {
  it('is SHA-256 of its canonical JSON (TUF 4.2)', () => {
    const text = `{"keytype":"ed25519","keyval":{"public":"${'07'.repeat(32)}"},"scheme":"ed25519"}`
    expect(keyIdOf(publicKey(7))).toBe(createHash('sha256').update(text).digest('hex'))
  })

  it('is given only to keys of 32 bytes', () => {
    expect(() => keyIdOf(new Uint8Array(31))).toThrow(coded('key-invalid'))
    expect(keyIdOf(new Uint8Array(32))).toHaveLength(64)
  })
})

describe('a table of keys', () => {
  it('holds a key of several roles once', () => {
    expect(Object.keys(keyTable([key(1), key(2), key(1)]))).toEqual([key(1).keyId, key(2).keyId])
  })

  it('refuses one public key under two ids before it looks at the ids themselves', () => {
    expect(() => keyTable([key(1), { ...key(1), keyId: 'another' }])).toThrow(coded('key-under-two-ids'))
    expect(() => keyTable([{ ...key(1), keyId: 'another' }])).toThrow(coded('key-id-wrong'))
  })
})

describe('a threshold', () => {
  const keys = [key(1), key(2), key(3)]
  it.each([
    [1, { approvals: 3, most: 2 }],
    [2, { approvals: 3, most: 2 }],
    [3, { approvals: 3, most: 100 }],
  ])('of %i is one of %j', (threshold, bounds) => expect(roleOf('role', { keys, threshold }, bounds).threshold).toBe(threshold))

  it.each([
    [0, { approvals: 3, most: 2 }],
    [3, { approvals: 3, most: 2 }],
    [3, { approvals: 2, most: 100 }],
    [1.5, { approvals: 3, most: 2 }],
    [1, { approvals: 0, most: 2 }],
  ])('of %d is none of %j', (threshold, bounds) => {
    expect(() => roleOf('role', { keys, threshold }, bounds)).toThrow(coded('threshold-invalid'))
  })
})
