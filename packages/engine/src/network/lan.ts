// SPDX-License-Identifier: Apache-2.0
//
// The one link that a guest sees: itself and the switch. The same in every VM, since no two guests share a link.
import { type Address, type Cidr, knownAddress, knownCidr } from './address.ts'
import type { Mac } from './build-packet.ts'

export interface Lan {
  readonly guestMac: Mac
  readonly gatewayMac: Mac
  readonly guest: Address
  readonly prefix: number
  /** Router, DHCP server and, at `resolver`, a DNS server that refuses. */
  readonly gateway: Address
  /** Whether anything lies behind the gateway. */
  readonly routed: boolean
  readonly resolver: Address
  /** The guest makes its own address in here (RFC 4862). */
  readonly network6: Cidr
  readonly gateway6: Address
}

/** @throws RangeError for what is no Ethernet address of a single station. */
export function knownMac(mac: string): Mac {
  if (!/^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/i.test(mac) || (Number.parseInt(mac, 16) & 1) === 1)
    throw new RangeError(`\`${mac}\` is not the address of one station`)
  return Uint8Array.from(mac.split(':'), (byte) => Number.parseInt(byte, 16))
}

/** Like `knownMac`. */
export function lanFor(mac: string): Lan {
  return {
    guestMac: knownMac(mac),
    gatewayMac: GATEWAY_MAC,
    guest: knownAddress('10.0.2.15'),
    prefix: 24,
    gateway: knownAddress('10.0.2.2'),
    routed: true,
    resolver: knownAddress('10.0.2.3'),
    network6: knownCidr('fd63:6d00:6361:7365::/64'),
    gateway6: knownAddress('fe80::1'),
  }
}

/** Locally administered. */
export const GATEWAY_MAC: Mac = Uint8Array.of(0x02, 0x63, 0x6d, 0, 0, 1)
