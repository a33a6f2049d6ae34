// SPDX-License-Identifier: Apache-2.0
//
// Ways out of a guest, tried by root inside it: by its programs and its kernel, and with frames of its own making. Each is refused and counted
// by its reason, and has a twin that goes through because it is what the rules list.
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { DomainRule, NetworkRule } from '../../packages/engine/src/network/switch.ts'
import { hostileFrames } from '../../packages/engine/test/network/hostile-frames.ts'
import { MAC } from '../../packages/engine/test/network/scripted-guest.ts'
import { EscapingGuest } from './escaping-guest.ts'
import { IsolatedNeighbours } from './isolated-neighbours.ts'
import { Machines } from './machine.ts'
import { LAN_ADDRESS, NAME_SERVER, Surroundings } from './surroundings.ts'

const patient = { timeout: 60_000, interval: 100 }
type Protocol = NetworkRule['protocol']
const rule = (cidr: string, port: number | null = 8080, protocol: Protocol = 'tcp'): NetworkRule => ({
  ...{ protocol, cidr, ports: port === null ? null : [port, port] },
})
const byName = (domain: string, protocol: Protocol): DomainRule => ({ protocol, domain, ports: null })
const everything = (['tcp', 'udp', 'icmp'] as const).flatMap((protocol) => ['0.0.0.0/0', '::/0'].map((cidr) => rule(cidr, null, protocol)))

let machines: Machines
let around: Surroundings
let guest: EscapingGuest

beforeAll(async () => {
  machines = await Machines.ready()
  const card = { model: 'virtio' as const, mac: MAC, socket: join(await machines.folder(), 'net') }
  around = await Surroundings.ready(card)
  guest = await EscapingGuest.ready(await machines.boot(await machines.spec('virtio', { network: card })))
})
afterAll(async () => {
  await machines.end()
  await around.end()
})

/** `act` reaches `expected` and nothing else, nor the host. */
async function reaching(expected: readonly string[], act: () => Promise<unknown>): Promise<void> {
  const [beside, onHost] = [around.beside.length, around.onHost.length]
  await act()
  await vi.waitFor(() => expect(around.beside.length).toBeGreaterThanOrEqual(beside + expected.length), patient)
  expect(around.beside.slice(beside)).toEqual(expected)
  expect(around.onHost.length).toBe(onHost)
}

/** `act` opens nothing, and what is refused of it is so for `reason`: `count` packets, or some where its kernel tries again. */
async function refusedAs(reason: string, act: () => Promise<unknown>, count?: number): Promise<void> {
  const { refused, opened } = await around.during(act)
  expect({ refused, opened }).toEqual({ refused: { [reason]: count ?? expect.any(Number) }, opened: 0 })
}

const connects = async (address: string, port = 8080) => expect(await guest.connects(address, port)).toBe('answered')
const isRefused = async (address: string, port = 8080) => expect(await guest.connects(address, port)).toBe('refused')

describe('the programs of a guest', () => {
  it.each([
    ['the host by the address of its gateway', '10.0.2.2', 8080, 'switch-address'],
    ['the host by its own address', '10.77.0.1', 8080, 'host-address'],
    ['the resolver of the host', '10.77.0.1', 53, 'host-address'],
    ['metadata of a cloud', '169.254.169.254', 80, 'special-address'],
  ] as const)('do not connect to %s under rules that list everything, and do to a server beside it', async (_, address, port, reason) => {
    await around.setRules({ allow: everything })
    await reaching(['tcp 10.77.0.3 8080'], async () => {
      await refusedAs(reason, () => isRefused(address, port), 1)
      await around.told(reason, { address, port })
      await connects('10.77.0.3')
    })
  })

  it('do not connect to the loopback of the host when it lies on the wire for them', async () => {
    await around.setRules({ allow: [...everything, rule('127.0.0.1/32')] })
    await guest.tries('echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet; ip route add 127.0.0.1/32 via 10.0.2.2 src 10.0.2.15')
    await reaching(['tcp 10.77.0.4 8080'], async () => {
      await refusedAs('special-address', () => isRefused('127.0.0.1'), 1)
      await around.told('special-address', { address: '127.0.0.1', port: 8080 })
      await connects('10.77.0.4')
    })
  })

  it('connect to the one address and port of the host that a rule lists, and to no other port', async () => {
    await around.setRules({ allow: [...everything, rule('10.77.0.1/32')] })
    const before = around.onHost.length
    await refusedAs('host-address', () => isRefused('10.77.0.1', 80), 1)
    await connects('10.77.0.1')
    await vi.waitFor(() => expect(around.onHost.slice(before)).toEqual(['tcp 0.0.0.0 8080']), patient)
  })

  it('connect to a listed server alone, and to its neighbour once that is listed', async () => {
    await around.setRules({ allow: [rule('10.77.0.3/32')] })
    await reaching(['tcp 10.77.0.3 8080', 'tcp 10.77.0.4 8080'], async () => {
      await refusedAs('unlisted', () => isRefused('10.77.0.4'), 1)
      await around.told('unlisted', { address: '10.77.0.4', port: 8080 })
      await connects('10.77.0.3')
      await around.setRules({ allow: [rule('10.77.0.4/32')] })
      await refusedAs('unlisted', () => isRefused('10.77.0.3'), 1)
      await connects('10.77.0.4')
    })
  })

  it('load a page from a listed port, and none from another', async () => {
    const load = () => guest.tries('wget -q -O - http://10.77.0.3/')
    await around.setRules({ allow: [rule('10.77.0.3/32')] })
    await reaching(['http 10.77.0.3 80'], async () => {
      await refusedAs('unlisted', async () => expect(await load()).toContain('Connection refused'), 1)
      await around.told('unlisted', { address: '10.77.0.3', port: 80 })
      await around.setRules({ allow: [rule('10.77.0.3/32', 80)] })
      expect(await load()).toBe('a page')
    })
  })

  it('do not reach a guest of an isolated link, whose neighbour does', async () => {
    await using neighbours = await IsolatedNeighbours.ready(await machines.folder())
    await around.setRules({ allow: [rule('10.77.0.3/32')] })
    await reaching([`tcp ${LAN_ADDRESS} 8080`, `udp ${LAN_ADDRESS} 8080`], async () => {
      await refusedAs('unlisted', () => isRefused(LAN_ADDRESS), 1)
      await around.told('unlisted', { address: LAN_ADDRESS, port: 8080 })
      // Listed, the address is that of a server beside the host: no rule leads onto the link.
      await around.setRules({ allow: everything })
      await connects(LAN_ADDRESS)
      await guest.sends([neighbours.frame('from outside', MAC, '10.0.2.15')])
      await guest.lease()
    })
    expect(await neighbours.hears('from the neighbour')).toBe(true)
    expect(neighbours.counters).toEqual({ passed: 1, lost: 0, refused: {} })
  })
})

describe('the kernel of a guest', () => {
  const restore = 'ip addr del 10.0.2.16/32 dev eth0; ip route replace default via 10.0.2.2'

  it.each([
    ['another Ethernet address', 'ip link set eth0 address 52:54:00:12:34:57', `ip link set eth0 address ${MAC}`],
    ['another IPv4 address', 'ip addr add 10.0.2.16/32 dev eth0 && ip route replace default via 10.0.2.2 src 10.0.2.16', restore],
  ])('gets nowhere under %s, and connects under its own', async (_, change, back) => {
    await around.setRules({ allow: everything })
    await reaching(['tcp 10.77.0.3 8080'], async () => {
      expect(await guest.tries(change)).toBe('')
      await refusedAs('spoofed', async () => expect(await guest.connects('10.77.0.3')).toBe('silence'))
      expect(await guest.tries(back)).toBe('')
      await connects('10.77.0.3')
    })
  })

  it('does not claim the address of the gateway, and may ask for it', async () => {
    const claim = 'echo 1 >/proc/sys/net/ipv4/ip_nonlocal_bind; arping -A -c 2 -w 20 -s 10.0.2.2 10.0.2.2'
    await refusedAs('spoofed', () => guest.tries(claim))
    const { refused } = await around.during(async () => expect(await guest.tries('arping -f -w 60 10.0.2.2')).toContain('Received 1 response'))
    expect(refused).toEqual({})
  })

  it('sends no packet in fragments, and one in a piece', async () => {
    await around.setRules({ allow: everything })
    await refusedAs('fragment', async () => expect(await guest.tries('ping -c 1 -W 1 -s 3000 10.77.0.3')).toContain(' 0 packets received'), 3)
    const { refused, opened } = await around.during(async () =>
      expect(await guest.tries('ping -c 1 -W 60 -s 1000 10.77.0.3')).toContain(' 1 packets received'),
    )
    expect({ refused, opened }).toEqual({ refused: {}, opened: 1 })
  })
})

describe('a guest that asks for names', () => {
  const ask = (name: string, server: string) => guest.tries(`nslookup -type=a ${name} ${server}`)

  it('is told by the switch alone, and speaks to no other resolver unless its address is listed', async () => {
    await around.setRules({ allow: [], allowDomains: [byName('*.example.com', 'tcp'), byName('*.example.com', 'udp')] })
    await reaching(['tcp 10.77.0.3 8080', 'asked first.example.com'], async () => {
      expect(await ask('first.example.com', '10.0.2.2')).toContain('Address: 10.77.0.3')
      await refusedAs('direct-dns', async () => expect(await ask('first.example.com', NAME_SERVER)).toContain('timed out'))
      await around.told('direct-dns', { address: NAME_SERVER, port: 53 })
      // Over TLS, at an address that every port of the name is open at.
      await refusedAs('direct-dns', () => isRefused('10.77.0.3', 853), 1)
      await connects('10.77.0.3')
    })
    await around.setRules({ allow: [rule(`${NAME_SERVER}/32`, 53, 'udp'), rule('10.77.0.3/32', 853)] })
    await reaching(['tcp 10.77.0.3 853', 'asked first.example.com'], async () => {
      expect(await ask('first.example.com', NAME_SERVER)).toContain('Address: 10.77.0.3')
      await connects('10.77.0.3', 853)
    })
  })

  it('carries nothing out in a name that no rule lists', async () => {
    await around.setRules({ allow: [], allowDomains: [byName('other.example.org', 'tcp')] })
    await reaching(['asked other.example.org'], async () => {
      await refusedAs('dns', async () => expect(await ask('c2vjcmv0.other.example.org', '10.0.2.2')).toContain('REFUSED'))
      await around.told('dns', { domain: 'other.example.org' })
      expect(await ask('other.example.org', '10.0.2.2')).toContain('Address: 10.77.0.4')
    })
  })
})

describe('a guest with IPv6', () => {
  it('connects to a listed server, and not to the host or its neighbour', async () => {
    await around.setRules({ allow: [rule('fd77::3/128')] })
    await guest.takeIpv6()
    await reaching(['tcp fd77::3 8080'], async () => {
      // Its kernel also tells of its multicast groups, behind an extension header.
      const { refused, opened } = await around.during(async () => {
        for (const address of ['fd77::1', 'fd77::4', '64:ff9b::10.77.0.1']) await isRefused(address)
      })
      expect({ refused, opened }).toMatchObject({ refused: { 'host-address': 2, unlisted: 1 }, opened: 0 })
      await connects('fd77::3')
    })
  })
})

describe('root of a guest that makes its own frames', () => {
  beforeAll(async () => {
    await around.setRules({ allow: everything })
    await guest.goSilent()
    await guest.lease()
  })

  it.each([...new Set(hostileFrames.map(({ reason }) => reason))])(
    'has each that is `%s` refused as that, and its twin let through',
    async (reason) => {
      const frames = hostileFrames.filter((hostile) => hostile.reason === reason)
      const onHost = around.onHost.length
      const send = async (which: 'frame' | 'twin') => {
        await guest.sends(frames.map((hostile) => hostile[which]))
        await guest.lease()
      }
      await refusedAs(reason, () => send('frame'), frames.length)
      const { refused, sent } = await around.during(() => send('twin'))
      expect(refused).toEqual({})
      const outward = frames.filter(({ twin }) => goesOut(twin)).length
      expect(sent.toUplink).toBeGreaterThanOrEqual(outward)
      expect(sent.toGuest).toBeGreaterThan(frames.length - outward)
      expect(around.onHost.length).toBe(onHost)
    },
  )
})

/** Not to the switch itself: ARP and DHCP. */
function goesOut(frame: Buffer): boolean {
  return frame.readUInt16BE(12) !== 0x0806 && !frame.subarray(0, 6).equals(Buffer.alloc(6, 255))
}
