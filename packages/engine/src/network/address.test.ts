// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { contains, formatAddress, knownAddress, knownCidr, parseAddress, parseCidr } from './address.ts'

const hex = (text: string) => Buffer.from(parseAddress(text) ?? []).toString('hex')

describe('addresses', () => {
  it.each([
    ['10.0.2.15', '0a00020f'],
    ['::', '00000000000000000000000000000000'],
    ['::1', '00000000000000000000000000000001'],
    ['fd63:6d00::15', 'fd636d00000000000000000000000015'],
    ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
    ['1::', '00010000000000000000000000000000'],
    ['::ffff:127.0.0.1', '00000000000000000000ffff7f000001'],
  ])('reads `%s`', (text, bytes) => {
    expect(hex(text)).toBe(bytes)
  })

  it.each(['', '10.0.2', '10.0.2.256', '010.0.0.1', '0x7f.1', '127.1', 'fe80::1%eth0', '[::1]', '1::2::3', '::1/64'])(
    'does not read `%s`',
    (text) => {
      expect(parseAddress(text)).toBeNull()
    },
  )

  it('come back from their text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ minLength: 16, maxLength: 16 })), (address) => {
        expect([...(parseAddress(formatAddress(address)) ?? [])]).toEqual([...address])
      }),
    )
  })
})

describe('networks', () => {
  it.each<[string, string, boolean]>([
    ['10.0.0.0/8', '10.255.0.1', true],
    ['10.0.0.0/8', '11.0.0.1', false],
    ['10.1.2.3/8', '10.9.9.9', true],
    ['192.0.2.128/25', '192.0.2.127', false],
    ['192.0.2.128/25', '192.0.2.128', true],
    ['0.0.0.0/0', '8.8.8.8', true],
    ['0.0.0.0/0', '::1', false],
    ['::/0', '8.8.8.8', false],
    ['fd00::/7', 'fc00::1', true],
    ['10.0.0.1/32', '10.0.0.1', true],
    ['10.0.0.1/32', '10.0.0.0', false],
  ])('`%s` and `%s`: %j', (cidr, address, expected) => {
    expect(contains(knownCidr(cidr), knownAddress(address))).toBe(expected)
  })

  it.each(['10.0.0.0', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/-1', '::/129', '10.0.0.0/8/8', '/8', '10.0.0.0/08x'])('`%s` is none', (text) => {
    expect(parseCidr(text)).toBeNull()
  })
})
