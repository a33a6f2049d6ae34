// SPDX-License-Identifier: Apache-2.0
//
// One text for one value (RFC 8785, JSON Canonicalization Scheme). Only for documents that WE write and hash; what somebody else
// signed is verified over the bytes that came, never over a text written anew.
import { PolicyError } from '../error.ts'

/**
 * Members that are undefined are left out, as JSON.stringify does; nothing else is changed or dropped.
 * @throws PolicyError `json-invalid` for whatever `parseStrictJson` would not give back: a function, a Date, an unsafe integer.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'string') return textOf(value)
  if (typeof value === 'number') {
    const exact = Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value))
    if (!exact) throw new PolicyError('json-invalid', `expected a number that a double holds exactly, found ${value}`)
    return JSON.stringify(value)
  }
  if (value === null || typeof value === 'boolean') return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object' || !isPlain(value)) throw new PolicyError('json-invalid', `expected a JSON value, found a ${typeof value}`)
  const members: [string, unknown][] = Object.entries(value)
  const written = members.filter(([, member]) => member !== undefined).sort(byCodeUnits)
  return `{${written.map(([key, member]) => `${textOf(key)}:${canonicalJson(member)}`).join(',')}}`
}

function textOf(text: string): string {
  if (!text.isWellFormed()) throw new PolicyError('json-invalid', 'expected a text without lone surrogates')
  return JSON.stringify(text)
}

/** RFC 8785, 3.2.3: which is how JavaScript compares texts. */
function byCodeUnits([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number {
  return one < other ? -1 : 1
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
