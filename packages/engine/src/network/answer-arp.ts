// SPDX-License-Identifier: Apache-2.0
import { equal } from './address.ts'
import type { Lan } from './lan.ts'

const ARP_BYTES = 14 + 28

/**
 * Answers an ARP request (RFC 826) of the guest: everything but the guest itself is behind the gateway, so every address is the gateway's.
 * Null: a probe for its own address or an announcement, which wants no answer. `spoofed`: it claims what was not assigned.
 */
export function answerArp(frame: Buffer, lan: Lan): Buffer | null | 'malformed' | 'spoofed' {
  if (frame.length < ARP_BYTES || frame.readUInt32BE(14) !== 0x0001_0800 || frame.readUInt16BE(18) !== 0x0604) return 'malformed'
  const senderMac = frame.subarray(22, 28)
  const sender = frame.subarray(28, 32)
  const target = frame.subarray(38, 42)
  // 0.0.0.0 asks whether an address is taken (RFC 5227).
  const probing = equal(sender, Uint8Array.of(0, 0, 0, 0))
  if (!equal(senderMac, lan.guestMac) || !(probing || equal(sender, lan.guest))) return 'spoofed'
  if (frame.readUInt16BE(20) !== 1 || equal(target, lan.guest)) return null
  const head = Buffer.from('08060001080006040002', 'hex')
  return Buffer.concat([lan.guestMac, lan.gatewayMac, head, lan.gatewayMac, target, lan.guestMac, sender])
}
