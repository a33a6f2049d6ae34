// SPDX-License-Identifier: Apache-2.0
//
// Addresses that mean "this host" or "this link" to whoever sends to them (IANA special-purpose registries, RFC 6890), so that no rule
// can open them: an uplink that connects to 0.0.0.0, ::ffff:127.0.0.1 or ::1 on the guest's behalf would reach the host itself.
import { type Address, contains, knownCidr } from './address.ts'

const special = [
  '0.0.0.0/8',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '224.0.0.0/4',
  '240.0.0.0/4',
  // Unspecified, loopback, IPv4-compatible and IPv4-mapped.
  '::/96',
  '::ffff:0:0/96',
  '64:ff9b:1::/48',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
].map(knownCidr)

/** Networks whose addresses carry an IPv4 address at that byte: NAT64 (RFC 6052), 6to4 (RFC 3056) and, inverted, Teredo (RFC 4380). */
const translated = [
  { cidr: knownCidr('64:ff9b::/96'), at: 12, inverted: false },
  { cidr: knownCidr('2002::/16'), at: 2, inverted: false },
  { cidr: knownCidr('2001::/32'), at: 12, inverted: true },
]

export function isSpecial(address: Address): boolean {
  return special.some((cidr) => contains(cidr, address))
}

/** The IPv4 address that a translator would send to, or null. */
export function embeddedIpv4(address: Address): Address | null {
  const found = translated.find(({ cidr }) => contains(cidr, address))
  if (found === undefined) return null
  const carried = address.subarray(found.at, found.at + 4)
  return found.inverted ? carried.map((byte) => byte ^ 0xff) : carried
}
