// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PolicyError } from '../error.ts'
import { decodeBase64url, encodeBase64url } from './base64url.ts'

describe('base64url', () => {
  it('writes what Node writes and reads it back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const text = encodeBase64url(bytes)
        expect(text).toBe(Buffer.from(bytes).toString('base64url'))
        expect(decodeBase64url(text)).toEqual(new Uint8Array(bytes))
      }),
    )
  })

  it('accepts a text only if it is the one text of its bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'AQgwZ_-=+/ \n'), maxLength: 12 }), (text) => {
        const canonical = Buffer.from(text, 'base64url').toString('base64url') === text
        if (canonical) expect(encodeBase64url(decodeBase64url(text))).toBe(text)
        else expect(() => decodeBase64url(text)).toThrow(PolicyError)
      }),
    )
  })

  it.each([
    ['padding', 'AA=='],
    ['the other alphabet', 'ab+/'],
    ['a space', 'AA AA'],
    ['set bits after the last byte', 'AB'],
    ['a length that no bytes have', 'AAAAA'],
  ])('refuses %s', (_what, text) => {
    expect(() => decodeBase64url(text)).toThrow(expect.objectContaining({ code: 'base64url-invalid' }))
  })
})
