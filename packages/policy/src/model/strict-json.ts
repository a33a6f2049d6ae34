// SPDX-License-Identifier: Apache-2.0
//
// JSON (RFC 8259) read strictly: a document that two readers could understand differently is refused. JSON.parse keeps the last of
// two equal keys without a word, hence a reader of our own. It checks form only; a schema says what the document may hold.
import { PolicyError } from '../error.ts'

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

export interface JsonLimits {
  /** Of the UTF-8 text. */
  readonly maxBytes: number
  /** Of nested arrays and objects. */
  readonly maxDepth: number
}

export const documentLimits: JsonLimits = { maxBytes: 1_048_576, maxDepth: 16 }

const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
// Every character that stands for itself: from U+0020 on, less `"` and `\\` (RFC 8259, section 7).
const plainRun = /[ !#-[\]-\u{10ffff}]*/uy
const escapes: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
])
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * @param source UTF-8 bytes, or a text.
 * @throws PolicyError `json-size`, `json-depth`, `json-duplicate-key` (equal keys of one object, and the key `__proto__`), or
 * `json-invalid`: not RFC 8259, a byte order mark, broken UTF-8, a lone surrogate, a number that a double does not hold exactly.
 */
export function parseStrictJson(source: Uint8Array | string, limits: JsonLimits = documentLimits): Json {
  const bytes = typeof source === 'string' ? utf8Length(source, limits.maxBytes) : source.byteLength
  if (bytes > limits.maxBytes) throw new PolicyError('json-size', `expected at most ${limits.maxBytes} bytes of JSON, found ${bytes}`)
  return new Reader(typeof source === 'string' ? source : decodeUtf8(source), limits.maxDepth).document()
}

function utf8Length(text: string, enough: number): number {
  return text.length > enough ? text.length : new TextEncoder().encode(text).byteLength
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch (cause) {
    throw new PolicyError('json-invalid', 'expected UTF-8, found bytes that are not', cause)
  }
}

class Reader {
  readonly #text: string
  readonly #maxDepth: number
  #at = 0

  constructor(text: string, maxDepth: number) {
    this.#text = text
    this.#maxDepth = maxDepth
  }

  document(): Json {
    const value = this.#value(0)
    this.#space()
    if (this.#at !== this.#text.length) throw this.#invalid('the end of the text')
    return value
  }

  #value(depth: number): Json {
    this.#space()
    const next = this.#text.charAt(this.#at)
    if (next === '{') return this.#object(depth + 1)
    if (next === '[') return this.#array(depth + 1)
    if (next === '"') return this.#string()
    if (next === 't') return this.#word('true', true)
    if (next === 'f') return this.#word('false', false)
    if (next === 'n') return this.#word('null', null)
    return this.#number()
  }

  #object(depth: number): Json {
    this.#enter(depth)
    const entries: { [key: string]: Json } = {}
    if (this.#takes('}')) return entries
    do {
      this.#space()
      if (this.#text.charAt(this.#at) !== '"') throw this.#invalid('a key')
      const key = this.#string()
      if (key === '__proto__' || Object.hasOwn(entries, key)) {
        throw new PolicyError('json-duplicate-key', `expected each key once, found \`${key}\` again at character ${this.#at}`)
      }
      if (!this.#takes(':')) throw this.#invalid('`:`')
      entries[key] = this.#value(depth)
    } while (this.#takes(','))
    if (!this.#takes('}')) throw this.#invalid('`,` or `}`')
    return entries
  }

  #array(depth: number): Json {
    this.#enter(depth)
    const items: Json[] = []
    if (this.#takes(']')) return items
    do items.push(this.#value(depth))
    while (this.#takes(','))
    if (!this.#takes(']')) throw this.#invalid('`,` or `]`')
    return items
  }

  #string(): string {
    this.#at += 1
    let value = ''
    for (;;) {
      value += this.#run(plainRun)
      const next = this.#text.charAt(this.#at)
      if (next === '"') break
      if (next !== '\\') throw this.#invalid('`"`')
      value += this.#escape()
    }
    this.#at += 1
    if (!value.isWellFormed()) throw this.#invalid('a text without lone surrogates')
    return value
  }

  #escape(): string {
    const letter = this.#text.charAt(this.#at + 1)
    const simple = escapes.get(letter)
    if (simple !== undefined) {
      this.#at += 2
      return simple
    }
    const digits = this.#text.slice(this.#at + 2, this.#at + 6)
    if (letter !== 'u' || !/^[0-9a-fA-F]{4}$/.test(digits)) throw this.#invalid('an escape sequence')
    this.#at += 6
    return String.fromCharCode(Number.parseInt(digits, 16))
  }

  #number(): number {
    const digits = this.#run(number)
    const value = Number(digits)
    if (digits === '') throw this.#invalid('a value')
    if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value)) || Object.is(value, -0)) {
      throw this.#invalid('a number within the range of a double, integers within 2^53')
    }
    return value
  }

  #word<W extends boolean | null>(word: string, value: W): W {
    if (!this.#text.startsWith(word, this.#at)) throw this.#invalid('a value')
    this.#at += word.length
    return value
  }

  #enter(depth: number): void {
    if (depth > this.#maxDepth) throw new PolicyError('json-depth', `expected at most ${this.#maxDepth} levels, found more at character ${this.#at}`)
    this.#at += 1
  }

  #takes(mark: string): boolean {
    this.#space()
    if (this.#text.charAt(this.#at) !== mark) return false
    this.#at += 1
    return true
  }

  #space(): void {
    while (' \t\n\r'.includes(this.#text.charAt(this.#at)) && this.#at < this.#text.length) this.#at += 1
  }

  #run(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    const run = pattern.exec(this.#text)?.[0] ?? ''
    this.#at += run.length
    return run
  }

  #invalid(expected: string): PolicyError {
    const found = this.#at < this.#text.length ? `\`${this.#text.charAt(this.#at)}\`` : 'the end'
    return new PolicyError('json-invalid', `expected ${expected} at character ${this.#at}, found ${found}`)
  }
}
