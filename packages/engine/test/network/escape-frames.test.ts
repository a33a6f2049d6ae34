// SPDX-License-Identifier: Apache-2.0
//
// What a guest may try with frames of its own making, against the gate alone: nothing here does input or output.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { knownCidr } from '../../src/network/address.ts'
import { Gate } from '../../src/network/gate.ts'
import { HostAddresses } from '../../src/network/host-addresses.ts'
import { judge } from '../../src/network/judge.ts'
import { NO_NAMES } from '../../src/network/name-table.ts'
import { destinationOf, parsePacket } from '../../src/network/parse-packet.ts'
import { type NetworkRule, RuleSet } from '../../src/network/rules.ts'
import { hostileFrames } from './hostile-frames.ts'
import { lan } from './scripted-guest.ts'

const host = new HostAddresses(['10.77.0.1/32', '10.77.0.255/32', '127.0.0.0/8', 'fd77::1/128', '::1/128'].map(knownCidr))
const protocols = ['tcp', 'udp', 'icmp'] as const
const everything = protocols.flatMap((protocol): NetworkRule[] => ['0.0.0.0/0', '::/0'].map((cidr) => ({ protocol, cidr, ports: null })))
const gateWith = (allow: readonly NetworkRule[]) => new Gate(lan, new RuleSet({ allow }), host, () => 0)

describe('a guest whose rules list everything', () => {
  it.each(hostileFrames)('is refused $name as `$reason`, and passes its twin', ({ reason, frame, twin }) => {
    const outcome = gateWith(everything).fromGuest(Buffer.from(frame))
    expect([outcome.refusal?.reason, outcome.toUplink]).toEqual([reason, null])
    expect(gateWith(everything).fromGuest(Buffer.from(twin)).refusal).toBeNull()
  })

  it('does not bring a refused frame in behind an allowed one', () => {
    const gate = gateWith(everything)
    for (const { reason, frame, twin } of hostileFrames) {
      gate.fromGuest(Buffer.from(twin))
      const outcome = gate.fromGuest(Buffer.from(frame))
      expect([outcome.refusal?.reason, outcome.toUplink]).toEqual([reason, null])
    }
  })
})

describe('whatever a guest sends', () => {
  const base = fc.constantFrom(...hostileFrames.flatMap(({ frame, twin }) => [frame, twin]).filter((frame) => frame.length < 2000))
  const edits = fc.array(fc.record({ at: fc.nat(120), byte: fc.nat(255) }), { maxLength: 6 })
  const bent = fc.tuple(base, edits, fc.nat(30), fc.uint8Array({ maxLength: 30 })).map(([frame, changes, cut, tail]) => {
    const bytes = Buffer.concat([frame.subarray(0, Math.max(14, frame.length - cut)), tail])
    for (const { at, byte } of changes) if (at < bytes.length) bytes[at] = byte
    return bytes
  })

  it('never throws, and only what is judged allowed leaves', () => {
    const rules = new RuleSet({ allow: everything.slice(0, 3), deny: [{ protocol: 'tcp', cidr: '10.77.0.0/29', ports: [1, 4000] }] })
    const gate = new Gate(lan, rules, host, () => 0)
    let left = 0
    fc.assert(
      fc.property(bent, (bytes) => {
        const { toUplink } = gate.fromGuest(Buffer.from(bytes))
        gate.fromUplink(Buffer.from(bytes))
        if (toUplink === null) return
        left++
        const packet = parsePacket(toUplink)
        if (typeof packet === 'string') throw new Error(`\`${packet}\` left`)
        const destination = {
          protocol: packet.protocol,
          address: destinationOf(packet),
          port: packet.protocol === 'icmp' ? 0 : packet.destinationPort,
        }
        expect(judge(destination, rules, host, NO_NAMES)).toBe('allowed')
        expect(toUplink.subarray(6, 12).equals(lan.guestMac)).toBe(true)
      }),
      { numRuns: 20_000, seed: 20_261 },
    )
    expect(left).toBeGreaterThan(100)
  })
})
