// SPDX-License-Identifier: Apache-2.0
//
// Ways out of a guest, tried by root inside it: by its programs and its kernel, and with frames of its own making. Each is refused and counted
// by its reason, and has a twin that goes through because it is what the rules list.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { protocolNumber, tcpBody } from '../../packages/engine/src/network/build-packet.ts'
import { tcpFlag } from '../../packages/engine/src/network/parse-packet.ts'
import { hostileFrames } from '../../packages/engine/test/network/hostile-frames.ts'
import { ipFrame, MAC } from '../../packages/engine/test/network/scripted-guest.ts'
import { byName, Escape, everything, rule } from './escape.ts'
import { IsolatedNeighbours } from './isolated-neighbours.ts'
import { LAN_ADDRESS, NAME_SERVER } from './surroundings.ts'

const patient = { timeout: 60_000, interval: 100 }
let attempt: Escape

beforeAll(async () => {
  attempt = await Escape.ready()
})
afterAll(() => attempt.end())

describe('the programs of a guest', () => {
  it.each([
    ['the host by the address of its gateway', '10.0.2.2', 8080, 'switch-address'],
    ['the host by its own address', '10.77.0.1', 8080, 'host-address'],
    ['the resolver of the host', '10.77.0.1', 53, 'host-address'],
    ['metadata of a cloud', '169.254.169.254', 80, 'special-address'],
  ] as const)('do not connect to %s under rules that list everything, and do to a server beside it', async (_, address, port, reason) => {
    await attempt.around.setRules({ allow: everything })
    await attempt.reaching(['tcp 10.77.0.3 8080'], async () => {
      await attempt.refusedAs(reason, () => attempt.isRefused(address, port), 1)
      await attempt.around.told(reason, { address, port })
      await attempt.connects('10.77.0.3')
    })
  })

  it('do not connect to the loopback of the host when it lies on the wire for them', async () => {
    await attempt.around.setRules({ allow: [...everything, rule('127.0.0.1/32')] })
    await attempt.guest.tries('echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet; ip route add 127.0.0.1/32 via 10.0.2.2 src 10.0.2.15')
    await attempt.reaching(['tcp 10.77.0.4 8080'], async () => {
      await attempt.refusedAs('special-address', () => attempt.isRefused('127.0.0.1'), 1)
      await attempt.around.told('special-address', { address: '127.0.0.1', port: 8080 })
      await attempt.connects('10.77.0.4')
    })
  })

  it('connect to the one address and port of the host that a rule lists, and to no other port', async () => {
    await attempt.around.setRules({ allow: [...everything, rule('10.77.0.1/32')] })
    await attempt.reaching(['host: tcp 0.0.0.0 8080'], async () => {
      await attempt.refusedAs('host-address', () => attempt.isRefused('10.77.0.1', 80), 1)
      await attempt.connects('10.77.0.1')
    })
  })

  it('connect to the host by a rule for the host, at its port and under its name, and to nothing beside it', async () => {
    await attempt.around.setRules({ allow: [], allowHost: [{ protocol: 'tcp', ports: [8080, 8080] }] })
    await attempt.reaching(['host: tcp 0.0.0.0 8080'], async () => {
      await attempt.refusedAs('host-address', () => attempt.isRefused('10.77.0.1', 80), 1)
      await attempt.refusedAs('unlisted', () => attempt.isRefused('10.77.0.3'), 1)
      await attempt.refusedAs('special-address', () => attempt.isRefused('169.254.169.254', 8080), 1)
      expect(await attempt.guest.tries('nslookup -type=a host.internal 10.0.2.2')).toContain('Address: 10.77.0.1')
      await attempt.connects('10.77.0.1')
    })
  })

  it('connect to a listed server alone, and to its neighbour once that is listed', async () => {
    await attempt.around.setRules({ allow: [rule('10.77.0.3/32')] })
    await attempt.reaching(['tcp 10.77.0.3 8080', 'tcp 10.77.0.4 8080'], async () => {
      await attempt.refusedAs('unlisted', () => attempt.isRefused('10.77.0.4'), 1)
      await attempt.around.told('unlisted', { address: '10.77.0.4', port: 8080 })
      await attempt.connects('10.77.0.3')
      await attempt.around.setRules({ allow: [rule('10.77.0.4/32')] })
      await attempt.refusedAs('unlisted', () => attempt.isRefused('10.77.0.3'), 1)
      await attempt.connects('10.77.0.4')
    })
  })

  it('load a page from a listed port, and none from another', async () => {
    const load = () => attempt.guest.tries('wget -q -O - http://10.77.0.3/')
    await attempt.around.setRules({ allow: [rule('10.77.0.3/32')] })
    await attempt.reaching(['http 10.77.0.3 80'], async () => {
      await attempt.refusedAs('unlisted', async () => expect(await load()).toContain('Connection refused'), 1)
      await attempt.around.told('unlisted', { address: '10.77.0.3', port: 80 })
      await attempt.around.setRules({ allow: [rule('10.77.0.3/32', 80)] })
      expect(await load()).toBe('a page')
    })
  })

  it('do not reach a guest of an isolated link, whose neighbour does', async () => {
    await using neighbours = await IsolatedNeighbours.ready(await attempt.folder())
    await attempt.around.setRules({ allow: [rule('10.77.0.3/32')] })
    const [forged, own] = [neighbours.frame('forged'), neighbours.frame('its own', MAC, '10.0.2.15')]
    await attempt.reaching([`tcp ${LAN_ADDRESS} 8080`], async () => {
      await attempt.refusedAs('unlisted', () => attempt.isRefused(LAN_ADDRESS), 1)
      await attempt.around.told('unlisted', { address: LAN_ADDRESS, port: 8080 })
      await attempt.refusedAs('spoofed', () => attempt.sends([forged]), 1)
      await attempt.refusedAs('unlisted', () => attempt.sends([own]), 1)
      // Listed, the address is that of a server beside the host: no rule leads onto the link.
      await attempt.around.setRules({ allow: everything })
      await attempt.connects(LAN_ADDRESS)
    })
    expect(await neighbours.hears('from the neighbour')).toBe(true)
    expect(neighbours.faults).toEqual([1, 2].map(() => ({ lost: 0, refused: {} })))
  })
})

describe('the kernel of a guest', () => {
  const restore = 'arp -d 10.0.2.2; ip addr del 10.0.2.16/32 dev eth0; ip route replace default via 10.0.2.2'

  it.each([
    ['another Ethernet address', 'ip link set eth0 address 52:54:00:12:34:57', `ip link set eth0 address ${MAC}`],
    ['another IPv4 address', 'ip addr add 10.0.2.16/32 dev eth0 && ip route replace default via 10.0.2.2 src 10.0.2.16', restore],
  ])('gets nowhere under %s, and connects under its own', async (_, change, back) => {
    await attempt.around.setRules({ allow: everything })
    await attempt.reaching(['tcp 10.77.0.3 8080'], async () => {
      // It need not ask for the gateway, which would be refused first.
      expect(await attempt.guest.tries(`${change} && arp -i eth0 -s 10.0.2.2 02:63:6d:00:00:01`)).toBe('')
      await attempt.refusedAs('spoofed', async () => expect(await attempt.guest.connects('10.77.0.3', 8080, 5)).toBe('silence'))
      expect(await attempt.guest.tries(back)).toBe('')
      await attempt.connects('10.77.0.3')
    })
  })

  it('does not claim the address of the gateway, and may ask for it', async () => {
    const claim = 'echo 1 >/proc/sys/net/ipv4/ip_nonlocal_bind; arping -A -c 2 -w 20 -s 10.0.2.2 10.0.2.2'
    await attempt.refusedAs('spoofed', () => attempt.guest.tries(claim))
    const { refused } = await attempt.around.during(async () => expect(await attempt.guest.asksForGateway()).toContain('Received 1 response'))
    expect(refused).toEqual({})
  })

  it('sends no packet in fragments, and one in a piece', async () => {
    await attempt.around.setRules({ allow: everything })
    await attempt.refusedAs(
      'fragment',
      async () => expect(await attempt.guest.tries('ping -c 1 -W 1 -s 3000 10.77.0.3')).toContain(' 0 packets received'),
      3,
    )
    const { refused, opened } = await attempt.around.during(async () =>
      expect(await attempt.guest.tries('ping -c 1 -W 60 -s 1000 10.77.0.3')).toContain(' 1 packets received'),
    )
    expect({ refused, opened }).toEqual({ refused: {}, opened: 1 })
  })
})

describe('a guest that asks for names', () => {
  const ask = (name: string, server: string) => attempt.guest.tries(`nslookup -type=a ${name} ${server}`)

  it('is told by the switch alone, and speaks to no other resolver unless its address is listed', async () => {
    await attempt.around.setRules({ allow: [], allowDomains: [byName('*.example.com', 'tcp'), byName('*.example.com', 'udp')] })
    await attempt.reaching(['tcp 10.77.0.3 8080', 'asked first.example.com'], async () => {
      expect(await ask('first.example.com', '10.0.2.2')).toContain('Address: 10.77.0.3')
      await attempt.refusedAs('direct-dns', async () => expect(await ask('first.example.com', NAME_SERVER)).toContain('timed out'))
      await attempt.around.told('direct-dns', { address: NAME_SERVER, port: 53 })
      // Over TLS, at an address that every port of the name is open at.
      await attempt.refusedAs('direct-dns', () => attempt.isRefused('10.77.0.3', 853), 1)
      await attempt.connects('10.77.0.3')
    })
    await attempt.around.setRules({ allow: [rule(`${NAME_SERVER}/32`, 53, 'udp'), rule('10.77.0.3/32', 853)] })
    await attempt.reaching(['tcp 10.77.0.3 853', 'asked first.example.com'], async () => {
      expect(await ask('first.example.com', NAME_SERVER)).toContain('Address: 10.77.0.3')
      await attempt.connects('10.77.0.3', 853)
    })
  })

  it('carries nothing out in a name that no rule lists', async () => {
    await attempt.around.setRules({ allow: [], allowDomains: [byName('other.example.org', 'tcp')] })
    await attempt.reaching(['asked other.example.org'], async () => {
      await attempt.refusedAs('dns', async () => expect(await ask('c2vjcmv0.other.example.org', '10.0.2.2')).toContain('REFUSED'))
      await attempt.around.told('dns', { domain: 'other.example.org' })
      expect(await ask('other.example.org', '10.0.2.2')).toContain('Address: 10.77.0.4')
    })
  })
})

describe('a guest with IPv6', () => {
  it('connects to a listed server, and not to the host or its neighbour', async () => {
    await attempt.around.setRules({ allow: [rule('fd77::3/128')] })
    await attempt.guest.takeIpv6()
    await attempt.reaching(['tcp fd77::3 8080'], async () => {
      // Its kernel also tells of its multicast groups, behind an extension header.
      const { refused, opened } = await attempt.around.during(async () => {
        for (const address of ['fd77::1', 'fd77::4', '64:ff9b::10.77.0.1']) await attempt.isRefused(address)
      })
      expect({ refused, opened }).toMatchObject({ refused: { 'host-address': 2, unlisted: 1 }, opened: 0 })
      await attempt.connects('fd77::3')
    })
  })
})

describe('root of a guest that makes its own frames', () => {
  beforeAll(async () => {
    await attempt.around.setRules({ allow: everything })
    await attempt.guest.goSilent()
    await attempt.guest.lease()
  })

  it.each([...new Set(hostileFrames.map(({ reason }) => reason))])(
    'has each that is `%s` refused as that, and its twin let through',
    async (reason) => {
      const frames = hostileFrames.filter((hostile) => hostile.reason === reason)
      const reached = attempt.around.listen()
      await attempt.refusedAs(reason, () => attempt.sends(frames.map(({ frame }) => frame)), frames.length)
      expect(reached()).toEqual([])
      const { refused, sent } = await attempt.around.during(() => attempt.sends(frames.map(({ twin }) => twin)))
      expect(refused).toEqual({})
      const outward = frames.filter(({ twin }) => goesOut(twin)).length
      expect(sent.toUplink).toBeGreaterThanOrEqual(outward)
      expect(sent.toGuest).toBeGreaterThan(frames.length - outward)
      await vi.waitFor(() => expect(reached()).toContainEqual(expect.stringMatching(/^tcp (10\.77\.0\.3|fd77::3) 8080$/)), patient)
      expect(reached().filter((where) => where.startsWith('host: '))).toEqual([])
    },
  )

  it('has segments refused that lie over those of a connection and lead elsewhere, and let through where they lead there', async () => {
    const ends = (address: string, body: Buffer) => ipFrame(address, protocolNumber.tcp, body, 16)
    const segment = (address: string, port: number) => (sequence: number) =>
      ends(address, Buffer.concat([tcpBody(31_000, port, sequence, 1, tcpFlag.ack), Buffer.from('over')]))
    const overlapping = (address: string, port = 8080) => [1001, 1001, 1003, 999].map(segment(address, port))
    await attempt.around.setRules({ allow: [rule('10.77.0.3/32')] })
    await attempt.reaching(['tcp 10.77.0.3 8080'], () => attempt.sends([ends('10.77.0.3', tcpBody(31_000, 8080, 1000, null, tcpFlag.syn))]))
    await attempt.reaching([], async () => {
      const elsewhere = [...overlapping('10.77.0.3', 80), ...overlapping('10.77.0.4'), ...overlapping('10.77.0.1')]
      const { refused, opened } = await attempt.around.during(() => attempt.sends(elsewhere))
      expect({ refused, opened }).toEqual({ refused: { unlisted: 8, 'host-address': 4 }, opened: 0 })
      expect(await attempt.around.during(() => attempt.sends(overlapping('10.77.0.3')))).toMatchObject({ refused: {}, opened: 0 })
    })
  })
})

/** Not to the switch itself: ARP and DHCP. */
function goesOut(frame: Buffer): boolean {
  return frame.readUInt16BE(12) !== 0x0806 && !frame.subarray(0, 6).equals(Buffer.alloc(6, 255))
}
