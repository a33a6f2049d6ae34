// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PackageError } from './error.ts'
import { parseStrictJson } from './strict-json.ts'

const parse = (text: string) => parseStrictJson(Buffer.from(text), 10_000)
function codeOf(act: () => unknown): string {
  try {
    act()
    return 'none'
  } catch (error) {
    return error instanceof PackageError ? error.code : String(error)
  }
}

describe('parseStrictJson', () => {
  it('reads what JSON.parse reads where no key comes twice', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value)
        if (!text.includes('__proto__')) expect(parse(text)).toEqual(JSON.parse(text))
      }),
    )
  })

  it.each([
    ['side by side', '{"a":1,"a":2}', '{"a":1,"b":2}'],
    ['written differently', '{"a":1,"\\u0061":2}', '{"a":1,"\\u0062":2}'],
    ['after a nested object', '{"a":{"b":1},"a":2}', '{"a":{"a":1},"b":2}'],
    ['within a list', '[{"a":1,"a":2}]', '[{"a":1},{"a":2}]'],
    ['the prototype', '{"__proto__":1}', '{"proto":1}'],
    ['with marks in texts', '{"a":"{\\",","a":1}', '{"a":"{\\",\\"a\\":","b":1}'],
  ])('refuses a key twice: %s', (_, twice, once) => {
    expect(codeOf(() => parse(twice))).toBe('json-duplicate-key')
    expect(codeOf(() => parse(once))).toBe('none')
  })

  it('refuses broken UTF-8, a byte order mark, half a text and a text that is too long', () => {
    const whole = Buffer.from('{"a":"é"}')
    expect(codeOf(() => parseStrictJson(whole, whole.length))).toBe('none')
    expect(codeOf(() => parseStrictJson(whole, whole.length - 1))).toBe('json-invalid')
    expect(codeOf(() => parseStrictJson(Buffer.from('{"a":"é"}', 'latin1'), 100))).toBe('json-invalid')
    expect(codeOf(() => parse(`\ufeff${whole}`))).toBe('json-invalid')
    expect(codeOf(() => parse('{"a":'))).toBe('json-invalid')
  })
})
