// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PolicyError } from '../error.ts'
import { canonicalJson } from './canonical-json.ts'
import { type Json, parseStrictJson } from './strict-json.ts'

const limits = { maxBytes: 1000, maxDepth: 3 }
const refuses = (text: string | Uint8Array, code: string) =>
  expect(() => parseStrictJson(text, limits)).toThrow(expect.objectContaining({ name: 'PolicyError', code }))

describe('parseStrictJson', () => {
  it('reads what JSON.parse reads, for every value without equal keys', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false, maxDepth: 4 }), fc.constantFrom(0, 2), (value, indent) => {
        const text = JSON.stringify(value, null, indent)
        fc.pre(!text.includes('__proto__') && !/[0-9]e\+?[0-9]{2}|[0-9]{16}/.test(text) && isWellFormed(value))
        expect(parseStrictJson(text)).toEqual(JSON.parse(text))
      }),
    )
  })

  it('never accepts what JSON.parse refuses, and never throws anything but a PolicyError', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'{}[]",:\\u00e1 tfn-.\n', 'true', 'null'), maxLength: 40 }), (text) => {
        const [ours, theirs] = [attempt(() => parseStrictJson(text)), attempt(() => JSON.parse(text))]
        if ('error' in ours) expect(ours.error).toBeInstanceOf(PolicyError)
        else expect(theirs).toEqual(ours)
      }),
      { numRuns: 2000 },
    )
  })

  it('throws nothing but a PolicyError for random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const result = attempt(() => parseStrictJson(bytes))
        if ('error' in result) expect(result.error).toBeInstanceOf(PolicyError)
      }),
    )
  })

  it('refuses equal keys, also when one is escaped, and reads different ones', () => {
    refuses('{"a":1,"a":1}', 'json-duplicate-key')
    refuses('{"a":1,"\\u0061":2}', 'json-duplicate-key')
    refuses('{"__proto__":{}}', 'json-duplicate-key')
    expect(parseStrictJson('{"a":1,"b":{"a":2},"constructor":3}', limits)).toEqual({ a: 1, b: { a: 2 }, constructor: 3 })
  })

  it('reads the deepest allowed document and refuses one level more', () => {
    expect(parseStrictJson('[[[1]]]', limits)).toEqual([[[1]]])
    refuses('[[[[1]]]]', 'json-depth')
    refuses('['.repeat(900), 'json-depth')
  })

  it('counts the size in bytes, not characters', () => {
    expect(parseStrictJson(`"${'é'.repeat(499)}"`, limits)).toHaveLength(499)
    refuses(`"${'é'.repeat(500)}"`, 'json-size')
    refuses(new TextEncoder().encode(`"${'é'.repeat(500)}"`), 'json-size')
  })

  it.each([
    ['nothing', ''],
    ['a comma too many', '[1,]'],
    ['a second document', '1 2'],
    ['a leading zero', '01'],
    ['minus zero', '-0'],
    ['an integer that a double rounds', '9007199254740993'],
    ['infinity', '1e999'],
    ['a raw line break in a text', '"a\nb"'],
    ['an unknown escape', '"\\x41"'],
    ['half an escape', '"\\u00'],
    ['a lone surrogate', '"\\ud800"'],
    ['a byte order mark', '\ufeff1'],
    ['a comment', '1 // one'],
    ['single quotes', "'a'"],
  ])('refuses %s', (_what, text) => refuses(text, 'json-invalid'))

  it('refuses bytes that are not UTF-8 and reads their neighbour', () => {
    refuses(Uint8Array.of(0x22, 0xc3, 0x22), 'json-invalid')
    expect(parseStrictJson(Uint8Array.of(0x22, 0xc3, 0xa9, 0x22), limits)).toBe('é')
  })
})

describe('canonicalJson', () => {
  it('writes the example of RFC 8785, section 3.2.3, sorted by UTF-16 code units', () => {
    const value: Json = { '€': 'Euro Sign', '\r': 'Carriage Return', '1': 'One', '😀': 'Emoji', '\u0080': 'Control', ö: 'Latin', '\ufb33': 'Hebrew' }
    expect([...canonicalJson(value).matchAll(/:"([A-Za-z ]+)"/g)].map((match) => match[1])).toEqual([
      'Carriage Return',
      'One',
      'Control',
      'Latin',
      'Euro Sign',
      'Emoji',
      'Hebrew',
    ])
  })

  it('gives one text for one value, whatever the order of keys, and reads back to it', () => {
    expect(canonicalJson({ b: [1, { d: true, c: null }], a: 'x' })).toBe('{"a":"x","b":[1,{"c":null,"d":true}]}')
    expect(canonicalJson({ a: 'x', b: [1, { c: null, d: true }] })).toBe('{"a":"x","b":[1,{"c":null,"d":true}]}')
    expect(parseStrictJson(canonicalJson({ b: [1, { d: true, c: null }], a: 'x' }))).toEqual({ a: 'x', b: [1, { c: null, d: true }] })
  })

  it.each([[Number.NaN], [2 ** 53], ['\ud800'], [undefined], [new Date(0)], [() => 1]])('refuses %s, which could not be read back', (value) => {
    expect(() => canonicalJson(value)).toThrow(expect.objectContaining({ code: 'json-invalid' }))
  })
})

function attempt(act: () => unknown): { readonly value: unknown } | { readonly error: unknown } {
  try {
    return { value: act() }
  } catch (error) {
    return { error }
  }
}

function isWellFormed(value: unknown): boolean {
  return !/\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])/.test(JSON.stringify(value))
}
