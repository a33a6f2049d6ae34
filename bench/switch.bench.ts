// SPDX-License-Identifier: Apache-2.0
//
// What the network switch costs. In the decision alone, by processor time: packets of a flow that is open, the first packets of new flows,
// and both under 1,000 rules instead of one; and how long it takes until 1,000 other rules are in force with 4,000 flows open, of which half
// go on. The rules are a list such as an organisation writes: blocks of all sizes, and names. And on a
// whole path, as root: 16 MiB sent by a real guest over TCP, and a byte sent to it and back 1,000 times, through the switch with 100 rules
// (and the passt behind it), through QEMU's own user network, and through passt alone; the same guest and virtio card (guest-network.ts).
import { knownAddress } from '../packages/engine/src/network/address.ts'
import { buildIpFrame, protocolNumber, tcpBody } from '../packages/engine/src/network/build-packet.ts'
import { Gate } from '../packages/engine/src/network/gate.ts'
import { HostAddresses } from '../packages/engine/src/network/host-addresses.ts'
import { lanFor } from '../packages/engine/src/network/lan.ts'
import { tcpFlag } from '../packages/engine/src/network/parse-packet.ts'
import { type NetworkRules, RuleSet } from '../packages/engine/src/network/rules.ts'
import { type Figures, inTurn } from './median.ts'
import { measureGuests } from './switch-throughput.ts'

const rounds = 5
const packets = 200_000
const flows = 4000
const turns = 5
const lan = lanFor('52:54:00:12:34:56')
const SERVER = '203.0.113.7'

export async function run(): Promise<Figures> {
  const few: NetworkRules = { allow: [listed] }
  const figures = await inTurn(rounds, {
    packets_1: async () => packetsUnder(few),
    packets_1000: async () => packetsUnder(many),
    flows_1: async () => flowsUnder(few),
    flows_1000: async () => flowsUnder(many),
    replace: async () => replaceUnder(many),
  })
  const { packets_1, packets_1000, flows_1, flows_1000, replace } = figures
  const { mbPerSecond: mb, roundtripsPerSecond: roundtrips } = await measureGuests()
  return {
    medians: {
      ...{ packets_per_second: packets_1, packets_per_second_1000: packets_1000, flows_per_second: flows_1, flows_per_second_1000: flows_1000 },
      ...{ switch_mb_per_second: mb.switch, user_mb_per_second: mb.user, passt_mb_per_second: mb.passt },
      ...{
        switch_roundtrips_per_second: roundtrips.switch,
        user_roundtrips_per_second: roundtrips.user,
        passt_roundtrips_per_second: roundtrips.passt,
      },
    },
    ratios: {
      replace_ms: replace,
      cost_of_1000_rules: packets_1 / packets_1000 - 1,
      cost_of_1000_rules_first_packet: flows_1 / flows_1000 - 1,
      throughput_vs_user: mb.switch / mb.user,
      roundtrips_vs_user: roundtrips.switch / roundtrips.user,
      throughput_vs_passt: mb.switch / mb.passt,
    },
  }
}

const listed = { protocol: 'tcp' as const, cidr: `${SERVER}/32`, ports: [443, 443] as const }

const many: NetworkRules = {
  allow: [
    listed,
    ...Array.from({ length: 699 }, (_, at) => ({ protocol: 'tcp' as const, cidr: `10.${at & 255}.${at >> 2}.0/${16 + (at % 17)}`, ports: null })),
  ],
  deny: Array.from({ length: 100 }, (_, at) => ({ protocol: 'tcp' as const, cidr: `10.200.${at}.0/24`, ports: null })),
  allowDomains: Array.from({ length: 200 }, (_, at) => ({ protocol: 'tcp' as const, domain: `*.site${at}.example.com`, ports: null })),
}

function gateWith(rules: NetworkRules): Gate {
  let now = 0
  // Each look at the clock is a millisecond: flows that are over make room.
  return new Gate(lan, new RuleSet(rules), new HostAddresses([]), () => now++)
}

/** One packet of 1,460 bytes after the other of an open connection. @returns packets a second */
function packetsUnder(rules: NetworkRules): number {
  const gate = gateWith(rules)
  const frame = segment(5000, tcpFlag.syn, 1460)
  if (gate.fromGuest(frame).toUplink === null) throw new Error('a listed server was refused')
  const data = segment(5000, tcpFlag.ack, 1460)
  const began = process.cpuUsage().user
  for (let at = 0; at < packets; at++) gate.fromGuest(data)
  return (1_000_000 * packets) / (process.cpuUsage().user - began)
}

/** The first packet of one connection after the other. @returns connections a second */
function flowsUnder(rules: NetworkRules): number {
  const frames = Array.from({ length: flows }, (_, at) => segment(1024 + at, tcpFlag.syn, 0))
  let spent = 0
  for (let turn = 0; turn < turns; turn++) {
    const gate = gateWith(rules)
    const began = process.cpuUsage().user
    for (const frame of frames) gate.fromGuest(frame)
    spent += process.cpuUsage().user - began
    if (gate.opened !== flows) throw new Error(`${gate.opened} of ${flows} connections were let through`)
  }
  return (1_000_000 * flows * turns) / spent
}

/** @returns milliseconds of processor time from the rules as they come to the end of the flows that they no longer allow */
function replaceUnder(rules: NetworkRules): number {
  const other = { ...listed, ports: [80, 80] as const }
  const gate = gateWith({ ...rules, allow: [other, ...rules.allow] })
  const open = (port: number) => Array.from({ length: flows / 2 }, (_, at) => segment(1024 + at, tcpFlag.syn, 0, port))
  for (const frame of [...open(443), ...open(80)]) gate.fromGuest(frame)
  const next = structuredClone(rules)
  const began = process.cpuUsage()
  const ended = gate.setRules(new RuleSet(next))
  const { user, system } = process.cpuUsage(began)
  // A name is listed, so that the guest is told of its link by IPv6 too.
  if (ended.length !== flows / 2 + 1 || gate.flows !== flows / 2) throw new Error(`${ended.length} of ${flows / 2} connections were ended`)
  const goesOn = segment(1024, tcpFlag.ack, 1460)
  if (gate.fromGuest(goesOn).toUplink === null) throw new Error('a connection that is still allowed was dropped')
  return (user + system) / 1000
}

function segment(sourcePort: number, flags: number, bytes: number, port = 443): Buffer {
  const ends = { from: lan.guestMac, to: lan.gatewayMac, source: lan.guest, destination: knownAddress(SERVER) }
  const body = Buffer.concat([tcpBody(sourcePort, port, 1, null, flags), Buffer.alloc(bytes)])
  return buildIpFrame({ ...ends, protocol: protocolNumber.tcp, body, checksumAt: 16 })
}
