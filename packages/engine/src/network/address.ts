// SPDX-License-Identifier: Apache-2.0
import { isIPv4, isIPv6 } from 'node:net'

/** An IP address as it is on the wire: 4 or 16 bytes. */
export type Address = Uint8Array

export interface Cidr {
  readonly base: Address
  /** Leading bits that count. */
  readonly prefix: number
}

/** Null for anything but one plain address: no zone, no brackets, no shortened IPv4. */
export function parseAddress(text: string): Address | null {
  if (isIPv4(text)) return Uint8Array.from(text.split('.'), Number)
  return isIPv6(text) && !text.includes('%') ? parseIpv6(text) : null
}

function parseIpv6(text: string): Address {
  const [head = '', tail] = text.split('::')
  const before = groupBytes(head)
  const after = groupBytes(tail ?? '')
  const address = new Uint8Array(16)
  address.set(before)
  address.set(after, 16 - after.length)
  return address
}

function groupBytes(groups: string): number[] {
  if (groups === '') return []
  return groups.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number)
    const value = Number.parseInt(group, 16)
    return [value >> 8, value & 255]
  })
}

export function formatAddress(address: Address): string {
  if (address.length === 4) return address.join('.')
  const groups = Array.from({ length: 8 }, (_, index) => (((address[index * 2] ?? 0) << 8) | (address[index * 2 + 1] ?? 0)).toString(16))
  return groups.join(':').replace(/(?:^|:)0(?::0)+(?::|$)/, '::')
}

/** Null for what is not `address/bits`. Bits of the address behind the prefix are ignored. */
export function parseCidr(text: string): Cidr | null {
  const [, address = '', bits = ''] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? []
  const base = parseAddress(address)
  const prefix = Number(bits)
  return base === null || bits === '' || prefix > base.length * 8 ? null : { base, prefix }
}

export function contains(cidr: Cidr, address: Address): boolean {
  if (cidr.base.length !== address.length) return false
  const whole = cidr.prefix >> 3
  for (let index = 0; index < whole; index++) if (cidr.base[index] !== address[index]) return false
  const rest = cidr.prefix & 7
  return rest === 0 || (((cidr.base[whole] ?? 0) ^ (address[whole] ?? 0)) & (0xff00 >> rest)) === 0
}

export function equal(a: Address, b: Address): boolean {
  if (a.length !== b.length) return false
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false
  return true
}

/** For constants of this package. @throws RangeError for what is none. */
export function knownCidr(text: string): Cidr {
  const cidr = parseCidr(text)
  if (cidr === null) throw new RangeError(`\`${text}\` is not a network`)
  return cidr
}

/** Like `knownCidr`. */
export function knownAddress(text: string): Address {
  const address = parseAddress(text)
  if (address === null) throw new RangeError(`\`${text}\` is not an address`)
  return address
}
