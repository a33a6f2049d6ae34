// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { knownAddress } from './address.ts'
import { buildDnsAnswer, type DnsQuery, fitting, parseDnsQuery } from './dns-message.ts'

const labels = (...names: string[]) =>
  Buffer.concat([...names.map((name) => Buffer.concat([Buffer.of(name.length), Buffer.from(name)])), Buffer.of(0)])
const header = (...counts: number[]) => Buffer.from([0x12, 0x34, 1, 0, ...counts.flatMap((count) => [0, count])])
const asks = (type: number, dnsClass = 1) => Buffer.of(0, type, 0, dnsClass)
const edns = (size: number) => Buffer.from([0, 0, 41, size >> 8, size & 255, 0, 0, 0, 0, 0, 0])
const example = labels('www', 'Example', 'com')
const plain = Buffer.concat([header(1, 0, 0, 0), example, asks(1)])
const with12 = (change: number, value: number) => Object.assign(Buffer.from(plain), { [change]: value })

function parsed(bytes: Buffer): DnsQuery {
  const query = parseDnsQuery(bytes)
  if (typeof query === 'string') throw new Error(query)
  return query
}

describe('a question', () => {
  it('is read with its name in small letters', () => {
    expect(parsed(plain)).toMatchObject({ id: 0x1234, name: 'www.example.com', type: 1, edns: false, limit: 512, recursionDesired: true })
  })

  it.each([
    [100, 512],
    [800, 800],
    [65_000, 1232],
  ])('may say with EDNS that %i bytes are taken, and %i are used', (size, limit) => {
    expect(parsed(Buffer.concat([header(1, 0, 0, 1), example, asks(1), edns(size)]))).toMatchObject({ edns: true, limit })
  })

  it.each<[string, Buffer]>([
    ['a name that points to itself', Buffer.concat([header(1, 0, 0, 0), Buffer.of(0xc0, 12), asks(1)])],
    ['a name that ends in a pointer', Buffer.concat([header(1, 0, 0, 0), Buffer.of(3, 119, 119, 119, 0xc0, 12), asks(1)])],
    ['a label of 64 bytes', Buffer.concat([header(1, 0, 0, 0), Buffer.of(64), Buffer.alloc(64, 97), Buffer.of(0), asks(1)])],
    ['a name of 256 bytes', Buffer.concat([header(1, 0, 0, 0), labels(...Array.from({ length: 127 }, () => 'a'), 'b'), asks(1)])],
    ['a dot inside a label', Buffer.concat([header(1, 0, 0, 0), labels('a.b', 'com'), asks(1)])],
    ['a zero byte inside a label', Buffer.concat([header(1, 0, 0, 0), labels('a\0b', 'com'), asks(1)])],
    ['a name that does not end', Buffer.concat([header(1, 0, 0, 0), Buffer.of(3, 119, 119, 119)])],
    ['no type', Buffer.concat([header(1, 0, 0, 0), example])],
    ['no question', header(0, 0, 0, 0)],
    ['two questions', Buffer.concat([header(2, 0, 0, 0), example, asks(1), example, asks(1)])],
    ['an answer', Buffer.concat([header(1, 1, 0, 0), example, asks(1)])],
    ['bytes behind it', Buffer.concat([plain, Buffer.of(0)])],
    ['two EDNS records', Buffer.concat([header(1, 0, 0, 2), example, asks(1), edns(800), edns(800)])],
    ['a record that is not EDNS', Buffer.concat([header(1, 0, 0, 1), example, asks(1), Buffer.of(0, 0, 1), edns(800).subarray(3)])],
    ['an EDNS record that runs over the end', Buffer.concat([header(1, 0, 0, 1), example, asks(1), edns(800).subarray(0, 10), Buffer.of(9)])],
    ['more than 1232 bytes', Buffer.concat([plain, Buffer.alloc(1232)])],
  ])('is malformed with %s', (_, bytes) => {
    expect(parseDnsQuery(bytes)).toBe('malformed')
    expect(parsed(plain).name).toBe('www.example.com')
  })

  it('is none where it is an answer or shorter than a header, and not dealt with where it is of another kind or class', () => {
    expect(parseDnsQuery(plain.subarray(0, 11))).toBe('not-a-query')
    expect(parseDnsQuery(with12(2, 0x81))).toBe('not-a-query')
    expect(parseDnsQuery(with12(2, 0x28))).toBe('unimplemented')
    expect(parseDnsQuery(Buffer.concat([header(1, 0, 0, 0), example, asks(1, 3)]))).toBe('unimplemented')
  })

  it('never throws, whatever the bytes', () => {
    const start = fc.constantFrom(plain, plain.subarray(0, 12), Buffer.alloc(0))
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 300 }), fc.nat(40), fc.nat(255), (head, rest, at, byte) => {
        const bytes = Buffer.concat([head, rest])
        if (at < bytes.length) bytes[at] = byte
        const query = parseDnsQuery(bytes)
        if (typeof query !== 'string') expect(query.name).toMatch(/^[a-z0-9_.-]*$/)
      }),
      { numRuns: 3000, seed: 20_261 },
    )
  })
})

describe('an answer', () => {
  it('repeats the question as it was asked and writes each address', () => {
    const answer = buildDnsAnswer(parsed(plain), 0, [{ address: knownAddress('192.0.2.9'), ttl: 300 }])
    expect(answer.toString('hex')).toBe(`12348180000100010000000003777777074578616d706c6503636f6d0000010001${'c00c000100010000012c0004c0000209'}`)
  })

  it('never is larger than what the guest takes', () => {
    const many = Array.from({ length: 200 }, () => ({ address: new Uint8Array(16), ttl: 60 }))
    for (const size of [512, 800, 1232]) {
      const query = parsed(Buffer.concat([header(1, 0, 0, 1), example, asks(28), edns(size)]))
      const answer = buildDnsAnswer(query, 0, many)
      expect(answer.length).toBeLessThanOrEqual(size)
      expect(answer.length).toBeGreaterThan(size - 28)
      expect(answer.readUInt16BE(6)).toBe(fitting(query, many).length)
    }
  })
})
