// SPDX-License-Identifier: Apache-2.0
//
// DNS messages (RFC 1035) as far as a resolver for one guest needs them. A question is read strictly: one of it, no compression, no
// bytes left over but one EDNS record (RFC 6891). An answer is written from what was found, never copied from what a server sent.
import type { Address } from './address.ts'

export const recordType = { a: 1, aaaa: 28, opt: 41 } as const
export const responseCode = { none: 0, format: 1, failed: 2, missing: 3, unimplemented: 4, refused: 5 } as const

const HEADER_BYTES = 12
const MAX_NAME_BYTES = 255
const CLASS_IN = 1
/** Without EDNS (RFC 1035 4.2.1), and what reaches a guest in one frame with it. */
const LEAST_REPLY = 512
const MOST_REPLY = 1232

export interface DnsQuery {
  readonly id: number
  readonly recursionDesired: boolean
  /** In small letters. */
  readonly name: string
  readonly type: number
  /** The question as it was asked, for the answer. */
  readonly asked: Buffer
  readonly edns: boolean
  /** The most bytes that an answer may have. */
  readonly limit: number
}

export interface FoundAddress {
  readonly address: Address
  /** Seconds. */
  readonly ttl: number
}

/** `not-a-query`: nothing to answer to. `malformed` and `unimplemented`: answered with that code. */
export function parseDnsQuery(bytes: Buffer): DnsQuery | 'not-a-query' | 'malformed' | 'unimplemented' {
  if (bytes.length < HEADER_BYTES || (bytes.readUInt8(2) & 0x80) !== 0) return 'not-a-query'
  if (bytes.length > MOST_REPLY) return 'malformed'
  if ((bytes.readUInt8(2) & 0x78) !== 0) return 'unimplemented'
  const [questions, answers, authorities, additional] = [4, 6, 8, 10].map((at) => bytes.readUInt16BE(at))
  if (questions !== 1 || answers !== 0 || authorities !== 0 || additional === undefined || additional > 1) return 'malformed'
  const read = readName(bytes, HEADER_BYTES)
  if (read === null || read.end + 4 > bytes.length) return 'malformed'
  const end = read.end + 4
  const limit = additional === 0 ? (end === bytes.length ? LEAST_REPLY : null) : readEdns(bytes, end)
  if (limit === null) return 'malformed'
  if (bytes.readUInt16BE(read.end + 2) !== CLASS_IN) return 'unimplemented'
  return {
    id: bytes.readUInt16BE(0),
    recursionDesired: (bytes.readUInt8(2) & 1) !== 0,
    name: read.name,
    type: bytes.readUInt16BE(read.end),
    asked: Buffer.from(bytes.subarray(HEADER_BYTES, end)),
    edns: additional === 1,
    limit,
  }
}

/** Letters, digits, hyphens and underscores; a pointer (RFC 1035 4.1.4) has nothing before it to point to. */
function readName(bytes: Buffer, start: number): { readonly name: string; readonly end: number } | null {
  const labels: string[] = []
  for (let at = start; at < bytes.length; ) {
    const length = bytes.readUInt8(at)
    if (length === 0) return at + 1 - start > MAX_NAME_BYTES ? null : { name: labels.join('.'), end: at + 1 }
    if (length > 63 || at + 1 + length > bytes.length || at - start > MAX_NAME_BYTES) return null
    const label = bytes.toString('latin1', at + 1, at + 1 + length)
    if (!/^[A-Za-z0-9_-]+$/.test(label)) return null
    labels.push(label.toLowerCase())
    at += 1 + length
  }
  return null
}

/** The size of answer that the guest takes; null where the rest of the message is anything but one OPT record. */
function readEdns(bytes: Buffer, at: number): number | null {
  if (at + 11 > bytes.length || bytes.readUInt8(at) !== 0 || bytes.readUInt16BE(at + 1) !== recordType.opt) return null
  if (at + 11 + bytes.readUInt16BE(at + 9) !== bytes.length) return null
  return Math.min(Math.max(bytes.readUInt16BE(at + 3), LEAST_REPLY), MOST_REPLY)
}

/** `found` are addresses of the type that was asked for; those that do not fit are left out, see `fitting`. */
export function buildDnsAnswer(query: DnsQuery, code: number, found: readonly FoundAddress[] = []): Buffer {
  const head = Buffer.alloc(HEADER_BYTES)
  head.writeUInt16BE(query.id)
  head[2] = 0x80 | (query.recursionDesired ? 1 : 0)
  head[3] = 0x80 | code
  const records = fitting(query, found).map(({ address, ttl }) => {
    // The name is a pointer to that of the question, which stands behind the header.
    const record = Buffer.from([0xc0, HEADER_BYTES, 0, query.type, 0, CLASS_IN, 0, 0, 0, 0, 0, address.length, ...address])
    record.writeUInt32BE(ttl, 6)
    return record
  })
  head.writeUInt16BE(1, 4)
  head.writeUInt16BE(records.length, 6)
  if (query.edns) {
    head.writeUInt16BE(1, 10)
    records.push(Buffer.from([0, 0, recordType.opt, MOST_REPLY >> 8, MOST_REPLY & 255, 0, 0, 0, 0, 0, 0]))
  }
  return Buffer.concat([head, query.asked, ...records])
}

/** Those of `found` for which an answer has room. */
export function fitting(query: DnsQuery, found: readonly FoundAddress[]): readonly FoundAddress[] {
  const left = query.limit - HEADER_BYTES - query.asked.length - (query.edns ? 11 : 0)
  const bytes = 12 + (query.type === recordType.aaaa ? 16 : 4)
  return found.slice(0, Math.max(0, Math.floor(left / bytes)))
}

/** To a query of which no more is understood than its header. */
export function buildDnsError(bytes: Buffer, code: number): Buffer {
  const answer = Buffer.alloc(HEADER_BYTES)
  bytes.copy(answer, 0, 0, 2)
  // The same opcode and "recursion desired"; this is a response.
  answer[2] = 0x80 | (bytes.readUInt8(2) & 0x79)
  answer[3] = code
  return answer
}
