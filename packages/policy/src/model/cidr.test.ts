// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PolicyError } from '../error.ts'
import { containsCidr, formatCidr, parseCidr } from './cidr.ts'

describe('address blocks', () => {
  it.each([
    ['192.0.2.0/24', '192.0.2.0/24'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['255.255.255.255/32', '255.255.255.255/32'],
    ['::/0', '::/0'],
    ['::1/128', '::1/128'],
    ['2001:DB8:0:0:0:0:0:0/32', '2001:db8::/32'],
    ['2001:db8:0:1:1:1:1:1/128', '2001:db8:0:1:1:1:1:1/128'],
    ['2001:0:0:1:0:0:0:1/128', '2001:0:0:1::1/128'],
    ['2001:db8:0:0:1:0:0:1/128', '2001:db8::1:0:0:1/128'],
    ['fe80::/10', 'fe80::/10'],
    ['2001:db8::1:2/128', '2001:db8::1:2/128'],
    ['1::/16', '1::/16'],
    ['::ffff:0:0/95', undefined],
    ['::fffe:0:0/96', '::fffe:0:0/96'],
  ])('%s is spelled %s', (text, spelled) => {
    if (spelled === undefined) expect(() => parseCidr(text)).toThrow(PolicyError)
    else expect(formatCidr(parseCidr(text))).toBe(spelled)
  })

  it.each([
    ['192.0.2.1/24'],
    ['192.0.2.0'],
    ['192.0.2.0/33'],
    ['192.0.2.0/024'],
    ['192.0.2/24'],
    ['192.0.02.0/24'],
    ['256.0.0.0/8'],
    ['2001:db8::/129'],
    ['2001:db8::1/64'],
    ['1::2::3/128'],
    ['1:2:3:4:5:6:7:8:9/128'],
    ['1:2:3:4:5:6:7::8/128'.replace('::8', ':8:9')],
    ['12345::/16'],
    ['::ffff:192.0.2.0/120'],
    ['::ffff:0:0/96'],
    ['192.0.2.0/24/8'],
    ['fe80::%eth0/64'],
    [''],
    ['/8'],
  ])('refuses `%s`', (text) => {
    expect(() => parseCidr(text)).toThrow(expect.objectContaining({ code: 'network-rule-invalid' }))
  })

  it('names the block that was meant where bits beyond the prefix are set', () => {
    expect(() => parseCidr('10.1.2.3/8')).toThrow('expected `10.0.0.0/8`')
  })

  it('writes every block so that it reads back as itself', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(4 as const, 6 as const),
        fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }),
        fc.nat({ max: 128 }),
        (family, bits, length) => {
          const width = family === 4 ? 32 : 128
          const drop = BigInt(width - Math.min(length, width))
          const base = ((bits & ((1n << BigInt(width)) - 1n)) >> drop) << drop
          fc.pre(family === 4 || base >> 32n !== 0xffffn)
          const block = { family, base, prefix: Math.min(length, width) }
          expect(parseCidr(formatCidr(block))).toEqual(block)
        },
      ),
    )
  })

  it('contain narrower blocks of their own family only', () => {
    const contains = (outer: string, inner: string) => containsCidr(parseCidr(outer), parseCidr(inner))
    expect(contains('10.0.0.0/8', '10.1.0.0/16')).toBe(true)
    expect(contains('10.0.0.0/8', '10.0.0.0/8')).toBe(true)
    expect(contains('10.1.0.0/16', '10.0.0.0/8')).toBe(false)
    expect(contains('10.0.0.0/8', '11.0.0.0/16')).toBe(false)
    expect(contains('0.0.0.0/0', '::/0')).toBe(false)
    expect(contains('::/0', '0.0.0.0/0')).toBe(false)
  })
})
