// SPDX-License-Identifier: Apache-2.0
//
// JSON that two readers cannot understand differently: RFC 8259, UTF-8 without a byte order mark, no key twice in one object.
import { PackageError } from './error.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
// In a text that JSON.parse took, these are all that matters for keys: strings, and where objects and arrays begin, part and end.
const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g

/** @throws PackageError `json-invalid`, `json-duplicate-key` (also for the key `__proto__`). */
export function parseStrictJson(bytes: Uint8Array, maxBytes: number): unknown {
  if (bytes.length > maxBytes) throw new PackageError('json-invalid', `expected at most ${maxBytes} bytes of JSON, found ${bytes.length}`)
  let text: string
  let value: unknown
  try {
    text = utf8.decode(bytes)
    value = JSON.parse(text)
  } catch (cause) {
    throw new PackageError('json-invalid', 'expected JSON in UTF-8, found something else', cause)
  }
  checkKeys(text)
  return value
}

/** JSON.parse keeps the last of two equal keys without a word; this finds them in the text. */
function checkKeys(text: string): void {
  const open: Set<string>[] = []
  let string: string | null = null
  for (const [mark] of text.matchAll(token)) {
    if (mark === '{' || mark === '[') open.push(new Set())
    else if (mark === '}' || mark === ']') open.pop()
    else if (mark === ':' && string !== null) addKey(open.at(-1), JSON.parse(string))
    string = mark.startsWith('"') ? mark : null
  }
}

function addKey(keys: Set<string> | undefined, key: string): void {
  if (keys?.has(key) || key === '__proto__') throw new PackageError('json-duplicate-key', `expected each key once, found \`${key}\` again`)
  keys?.add(key)
}
