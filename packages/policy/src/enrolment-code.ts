// SPDX-License-Identifier: Apache-2.0
//
// What a person carries from the console to a device: whom to trust (SHA-256 of root.json), where it is and under which TLS key, and a
// one-time secret. One text for paper, link and QR: base32 in upper case, which a QR code packs well, with a checksum against slips of
// the hand. Whoever reads the text can enrol a device once, until it expires.
import { z } from 'zod'
import { PolicyError } from './error.ts'
import { instant, sha256Text } from './model/names.ts'

const enrolment = z
  .strictObject({
    rootSha256: sha256Text,
    /** Origin of the console: https, or http on a loopback address. */
    address: z.string().max(200).refine(isConsoleAddress, 'expected an https origin, or http on a loopback address'),
    /** SHA-256 of the SPKI of its TLS key; null for http. */
    pin: sha256Text.nullable(),
    /** 16 bytes in hex. */
    secret: z.string().regex(/^[0-9a-f]{32}$/),
    /** Unix seconds. */
    expires: instant.max(0xffffffff),
  })
  .refine(({ address, pin }) => address.startsWith('https:') === (pin !== null), 'expected a pin with https and none with http')

export type EnrolmentCode = z.infer<typeof enrolment>

const prefix = 'CASEMATE1'
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const noPin = '0'.repeat(64)

/** `CASEMATE1-` and groups of eight letters; about 230 characters, alphanumeric for a QR code. */
export function writeEnrolmentCode(code: EnrolmentCode): string {
  const { rootSha256, address, pin, secret, expires } = enrolment.parse(code)
  const fixed = fromHex(rootSha256 + (pin ?? noPin) + secret + expires.toString(16).padStart(8, '0'))
  const body = Uint8Array.of(...fixed, ...new TextEncoder().encode(address))
  const letters = toBase32(Uint8Array.of(...body, ...fromHex(crc32(body).toString(16).padStart(8, '0'))))
  return [prefix, ...(letters.match(/.{1,8}/g) ?? [])].join('-')
}

/**
 * Case, blanks, line breaks and hyphens do not matter.
 * @throws PolicyError `enrolment-code-invalid` (mistyped, or of another product), `enrolment-code-expired`.
 */
export function readEnrolmentCode(text: string, now: number): EnrolmentCode {
  const letters = text.slice(0, 4096).replace(/[\s-]/g, '').toUpperCase()
  const bytes = letters.startsWith(prefix) ? fromBase32(letters.slice(prefix.length)) : undefined
  if (bytes === undefined || bytes.byteLength < 4) throw invalid()
  const body = bytes.subarray(0, -4)
  if (toHex(bytes.subarray(-4)) !== crc32(body).toString(16).padStart(8, '0')) throw invalid()
  const [root, pin, secret, expires, address] = [
    body.subarray(0, 32),
    body.subarray(32, 64),
    body.subarray(64, 80),
    body.subarray(80, 84),
    body.subarray(84),
  ]
  const parsed = enrolment.safeParse({
    rootSha256: toHex(root),
    address: new TextDecoder().decode(address),
    pin: toHex(pin) === noPin ? null : toHex(pin),
    secret: toHex(secret),
    expires: Number.parseInt(toHex(expires), 16),
  })
  if (!parsed.success) throw invalid(parsed.error)
  if (now >= parsed.data.expires)
    throw new PolicyError('enrolment-code-expired', `this enrolment code could be used until ${parsed.data.expires}, now is ${now}`)
  return parsed.data
}

function invalid(cause?: unknown): PolicyError {
  return new PolicyError(
    'enrolment-code-invalid',
    `expected an enrolment code, which begins with \`${prefix}\`, found something else or a mistyped one`,
    cause,
  )
}

function isConsoleAddress(address: string): boolean {
  if (!URL.canParse(address)) return false
  const url = new URL(address)
  if (url.origin !== address) return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname))
}

/** RFC 4648, section 6, without padding. */
function toBase32(bytes: Uint8Array): string {
  let bits = ''
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0')
  return (bits.match(/.{1,5}/g) ?? []).map((group) => alphabet.charAt(Number.parseInt(group.padEnd(5, '0'), 2))).join('')
}

/** Undefined for a text that {@link toBase32} does not write. */
function fromBase32(text: string): Uint8Array | undefined {
  const values = [...text].map((letter) => alphabet.indexOf(letter))
  if (values.includes(-1)) return undefined
  const bits = values.map((value) => value.toString(2).padStart(5, '0')).join('')
  const bytes = Uint8Array.from({ length: bits.length >> 3 }, (_, index) => Number.parseInt(bits.slice(index * 8, index * 8 + 8), 2))
  return toBase32(bytes) === text ? bytes : undefined
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from({ length: text.length >> 1 }, (_, index) => Number.parseInt(text.slice(index * 2, index * 2 + 2), 16))
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** IEEE 802.3, as in zip: finds every slip of a letter or two, protects against nobody. */
function crc32(bytes: Uint8Array): number {
  let rest = 0xffffffff
  for (const byte of bytes) {
    rest ^= byte
    for (let bit = 0; bit < 8; bit += 1) rest = (rest >>> 1) ^ (rest & 1 ? 0xedb88320 : 0)
  }
  return ~rest >>> 0
}
