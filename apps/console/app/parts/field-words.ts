// SPDX-License-Identifier: Apache-2.0

const digest = /^[0-9a-f]{64}$/
/** Fields that hold an instant, in Unix seconds. */
const instants: ReadonlySet<string> = new Set(['exp', 'expires', 'floor', 'from', 'system', 'to'])
const earliest = 1_000_000_000

/** The fields of a record in one line of words: `state running, allowed yes`. What has no value is left out, digests are cut. */
export function fieldWords(record: object): string {
  return Object.entries(record)
    .filter(([, value]) => value !== null && value !== '')
    .map(([name, value]) => `${nameWords(name)} ${valueWords(name, value)}`)
    .join(', ')
}

function valueWords(name: string, value: unknown): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'number' && value > earliest && instants.has(name)) {
    return `${new Date(value * 1000).toISOString().slice(0, 16).replace('T', ' ')} UTC`
  }
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map((one) => valueWords(name, one)).join(' + ')
  if (typeof value === 'object' && value !== null) return `(${fieldWords(value)})`
  return digest.test(String(value)) ? `${String(value).slice(0, 12)}…` : String(value)
}

/** `planSha256` as `plan digest`, `maxTextBytes` as `max text bytes`. */
function nameWords(name: string): string {
  if (name === 'exp') return 'ends'
  const parts = name.replace(/sha256$/i, ' digest').replaceAll('-', ' ')
  return parts.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).trim()
}
