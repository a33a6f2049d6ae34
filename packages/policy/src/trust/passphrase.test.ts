// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { type Argon2idParams, argon2idRecord, bytesText, derivePassphraseKey } from './passphrase.ts'

const record = argon2idRecord.parse({ name: 'argon2id', memoryKiB: 19_456, passes: 2, lanes: 1, salt: 'A'.repeat(22) })
const takes = (change: object) => argon2idRecord.safeParse({ ...record, ...change }).success

describe('what is written down of a derivation', () => {
  it.each([
    ['memoryKiB', 19_456, 262_144],
    ['passes', 2, 10],
    ['lanes', 1, 8],
  ])('has %s from %i to %i', (name, least, most) => {
    expect([takes({ [name]: least }), takes({ [name]: most })]).toEqual([true, true])
    expect([takes({ [name]: least - 1 }), takes({ [name]: most + 1 }), takes({ [name]: least + 0.5 })]).toEqual([false, false, false])
  })

  it('names argon2id and a salt of 16 bytes, and nothing else', () => {
    expect(takes({})).toBe(true)
    expect(takes({ name: 'argon2i' })).toBe(false)
    expect(takes({ salt: 'A'.repeat(23) })).toBe(false)
    expect(takes({ salt: 'A'.repeat(20) })).toBe(false)
    expect(takes({ note: 'x' })).toBe(false)
  })
})

describe('a byte string in a document', () => {
  it('has its length, and one spelling', () => {
    const takesText = (text: string) => bytesText(1).safeParse(text).success
    expect([takesText('AA'), takesText('_w')]).toEqual([true, true])
    expect([takesText('AB'), takesText('AA=='), takesText('A'), takesText('AAA'), takesText('')]).toEqual([false, false, false, false, false])
  })
})

describe('the key of a passphrase', () => {
  it('is derived with what is written down, out of its NFKC form', async () => {
    const seen: (readonly [Uint8Array, Uint8Array, Argon2idParams])[] = []
    const derive = async (...given: [Uint8Array, Uint8Array, Argon2idParams]) => {
      seen.push(given)
      return new Uint8Array(32).fill(7)
    }
    expect(await derivePassphraseKey('\u2460', record, derive)).toEqual(new Uint8Array(32).fill(7))
    expect(seen).toEqual([[Uint8Array.of(0x31), new Uint8Array(16), { memoryKiB: 19_456, passes: 2, lanes: 1 }]])
  })

  it.each([31, 33, 0])('is refused with %i bytes, and is one with 32', async (length) => {
    const derive = (count: number) => derivePassphraseKey('words', record, async () => new Uint8Array(count))
    await expect(derive(length)).rejects.toMatchObject({ code: 'key-invalid' })
    expect((await derive(32)).byteLength).toBe(32)
  })
})
