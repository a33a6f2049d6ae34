// SPDX-License-Identifier: Apache-2.0
//
// Rules by name, through the whole gate: what is asked, what the guest is told, what is open then.
import { describe, expect, it } from 'vitest'
import { knownAddress, knownCidr } from './address.ts'
import { buildIpFrame, protocolNumber, tcpBody, udpBody } from './build-packet.ts'
import { Gate } from './gate.ts'
import { HostAddresses } from './host-addresses.ts'
import { lanFor } from './lan.ts'
import type { Lookup } from './name-server.ts'
import type { Outcome } from './outcome.ts'
import { parsePacket, tcpFlag } from './parse-packet.ts'
import { type DomainRule, type NetworkRules, RuleSet } from './rules.ts'

const lan = lanFor('52:54:00:12:34:56')
const GUEST6 = 'fd63:6d00:6361:7365::15'
const host = new HostAddresses(['192.0.2.2/32', '127.0.0.0/8', 'fd00::2/128'].map(knownCidr))
const REFUSED = 5
const rule = (domain: string, more: Partial<DomainRule> = {}): DomainRule => ({ protocol: 'tcp', domain, ports: null, ...more })
const tcpRule = (cidr: string, ports: [number, number] | null = null) => ({ protocol: 'tcp' as const, cidr, ports })
let clock = 0
const gateWith = (rules: Partial<NetworkRules>) => {
  clock = 0
  return new Gate(lan, new RuleSet({ allow: [], ...rules }), host, () => clock)
}
const byName = (...allowDomains: DomainRule[]) => gateWith({ allowDomains })

function ask(gate: Gate, name: string, type = 1, to = lan.gateway): Outcome {
  const labels = name.split('.').map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label)]))
  const query = Buffer.concat([Buffer.from('123401000001000000000000', 'hex'), ...labels, Buffer.of(0, type >> 8, type & 255, 0, 1)])
  const source = to.length === 16 ? knownAddress(GUEST6) : lan.guest
  const ends = { from: lan.guestMac, to: lan.gatewayMac, source, destination: to }
  return gate.fromGuest(buildIpFrame({ ...ends, protocol: protocolNumber.udp, body: udpBody(5353, 53, query), checksumAt: 6 }))
}
const found = (...addresses: string[]): Lookup => ({ status: 'found', addresses: addresses.map((address) => ({ address, ttl: 60 })) })
/** Code and number of addresses of an answer. */
function reply({ toGuest }: Outcome) {
  const packet = parsePacket(toGuest ?? Buffer.alloc(0))
  if (toGuest === null || typeof packet === 'string') throw new Error('no answer')
  const message = toGuest.subarray(packet.bodyAt + 8)
  return { code: message.readUInt8(3) & 15, addresses: message.readUInt16BE(6) }
}
function resolve(gate: Gate, name: string, lookup: Lookup, type = 1): Outcome {
  const { question } = ask(gate, name, type)
  if (question === undefined) throw new Error(`\`${name}\` was not asked for`)
  return gate.answerName(question, lookup)
}
function knock(gate: Gate, address: string, port = 443, sourcePort = 5000): string {
  const source = address.includes(':') ? knownAddress(GUEST6) : lan.guest
  const ends = { from: lan.guestMac, to: lan.gatewayMac, source, destination: knownAddress(address) }
  const body = tcpBody(sourcePort, port, 100, null, tcpFlag.syn)
  return gate.fromGuest(buildIpFrame({ ...ends, protocol: protocolNumber.tcp, body, checksumAt: 16 })).refusal?.reason ?? 'open'
}

describe('a name', () => {
  it.each([
    ['example.com', 'example.com', true],
    ['example.com', 'www.example.com', false],
    ['*.example.com', 'www.example.com', true],
    ['*.example.com', 'a.b.example.com', true],
    ['*.example.com', 'example.com', false],
    ['*.example.com', 'wwwexample.com', false],
    ['example.com', 'EXAMPLE.com', true],
  ])('under the rule `%s`: that `%s` is asked for is %j', (domain, name, expected) => {
    const outcome = ask(byName(rule(domain)), name)
    expect(outcome.question?.name ?? null).toBe(expected ? name.toLowerCase() : null)
    if (!expected) expect([reply(outcome).code, outcome.refusal?.reason]).toEqual([REFUSED, 'dns'])
  })

  it('that no rule lists is refused and told of by its end alone', () => {
    const outcome = ask(byName(rule('example.com')), `${'secret'.repeat(9)}.${'data'.repeat(12)}.evil.example.org`)
    expect(outcome.refusal).toMatchObject({ reason: 'dns', domain: 'evil.example.org' })
  })

  it('opens the addresses that the guest was told, on the ports of its rule, and nothing before', () => {
    const gate = byName(rule('example.com', { ports: [443, 443] }))
    expect(knock(gate, '198.51.100.1')).toBe('unlisted')
    expect(reply(resolve(gate, 'example.com', found('198.51.100.1', '198.51.100.2')))).toEqual({ code: 0, addresses: 2 })
    expect([knock(gate, '198.51.100.1'), knock(gate, '198.51.100.2')]).toEqual(['open', 'open'])
    expect([knock(gate, '198.51.100.1', 80), knock(gate, '198.51.100.3')]).toEqual(['unlisted', 'unlisted'])
  })

  it('opens IPv6 addresses as well, asked for over either family', () => {
    const gate = byName(rule('example.com'))
    const { question } = ask(gate, 'example.com', 28, lan.gateway6)
    if (question === undefined) throw new Error('not asked')
    expect(reply(gate.answerName(question, found('2001:db8::1', '198.51.100.1')))).toEqual({ code: 0, addresses: 1 })
    expect([knock(gate, '2001:db8::1'), knock(gate, '198.51.100.1')]).toEqual(['open', 'unlisted'])
    expect(ask(byName(rule('example.com', { within: '198.51.100.0/24' })), 'example.com', 28).question).toBeUndefined()
  })

  it('has no other records', () => {
    const gate = byName(rule('example.com'))
    for (const type of [2, 5, 12, 15, 16, 33, 65, 255]) expect(reply(ask(gate, 'example.com', type))).toEqual({ code: 0, addresses: 0 })
    expect(ask(gate, 'example.com', 1).question).toMatchObject({ family: 4 })
  })

  it('that does not exist, or that nobody could tell, is answered so', () => {
    const gate = byName(rule('example.com'))
    expect(reply(resolve(gate, 'example.com', { status: 'missing' })).code).toBe(3)
    expect(reply(resolve(gate, 'example.com', { status: 'failed' })).code).toBe(2)
    expect(reply(resolve(gate, 'example.com', found()))).toEqual({ code: 0, addresses: 0 })
    expect(gate.names).toMatchObject({ asked: 3, answered: 2, failed: 1 })
  })

  it('may have so many questions open at a time', () => {
    const gate = byName(rule('*.example.com'))
    const questions = Array.from({ length: 64 }, (_, index) => ask(gate, `n${index}.example.com`).question)
    expect(ask(gate, 'more.example.com')).toMatchObject({ refusal: { reason: 'too-many-names' } })
    const [first] = questions
    if (first === undefined) throw new Error('not asked')
    gate.answerName(first, found('198.51.100.1'))
    expect(ask(gate, 'more.example.com').question).toBeDefined()
  })

  it.each(['127.0.0.1', '127.8.8.8', '0.0.0.0', '192.0.2.2', '169.254.169.254', '224.0.0.1', '255.255.255.255'])(
    'that leads to %s is withheld, and opens nothing',
    (address) => {
      const gate = byName(rule('example.com'))
      const outcome = resolve(gate, 'example.com', found(address))
      expect([reply(outcome).code, outcome.refusal?.reason]).toEqual([REFUSED, 'withheld-address'])
      expect(knock(gate, address)).not.toBe('open')
      expect(reply(resolve(gate, 'example.com', found(address, '198.51.100.1')))).toEqual({ code: 0, addresses: 1 })
      expect([knock(gate, address) === 'open', knock(gate, '198.51.100.1')]).toEqual([false, 'open'])
      expect(gate.names.withheld).toBe(2)
    },
  )

  it.each(['::1', '::', 'fd00::2', 'fe80::1', 'ff02::1', '::ffff:127.0.0.1', '64:ff9b::127.0.0.1', '64:ff9b::192.0.2.2', '2002:c000:202::1'])(
    'that leads to %s is withheld, and opens nothing',
    (address) => {
      const gate = byName(rule('example.com'))
      expect(resolve(gate, 'example.com', found(address), 28).refusal?.reason).toBe('withheld-address')
      expect(resolve(gate, 'example.com', found('2001:db8::1'), 28).refusal).toBeNull()
      expect([knock(gate, address) === 'open', knock(gate, '2001:db8::1')]).toEqual([false, 'open'])
    },
  )

  it('opens only what lies within the block of its rule', () => {
    const gate = byName(rule('example.com', { within: '198.51.100.0/25' }))
    expect(reply(resolve(gate, 'example.com', found('198.51.100.1', '198.51.100.200')))).toEqual({ code: 0, addresses: 1 })
    expect([knock(gate, '198.51.100.1'), knock(gate, '198.51.100.200')]).toEqual(['open', 'unlisted'])
  })

  it('is open no longer than it was told, while a connection that began lives on', () => {
    const gate = byName(rule('example.com'))
    resolve(gate, 'example.com', found('198.51.100.1'))
    expect(knock(gate, '198.51.100.1')).toBe('open')
    clock = 89_000
    expect(knock(gate, '198.51.100.1', 443, 5001)).toBe('open')
    clock = 91_000
    expect([knock(gate, '198.51.100.1', 443, 5002), knock(gate, '198.51.100.1')]).toEqual(['unlisted', 'open'])
    gate.setRules(new RuleSet({ allow: [], allowDomains: [rule('example.com'), rule('example.org')] }))
    expect(gate.flows).toBe(2)
  })

  it('is told for between ten seconds and an hour', () => {
    for (const [ttl, ms] of [
      [0, 10_000],
      [Number.NaN, 10_000],
      [1e9, 3_600_000],
    ] as const) {
      const gate = byName(rule('example.com'))
      resolve(gate, 'example.com', { status: 'found', addresses: [{ address: '198.51.100.1', ttl }] })
      clock = ms + 29_000
      expect(knock(gate, '198.51.100.1')).toBe('open')
      clock = ms + 31_000
      expect(knock(gate, '198.51.100.1', 443, 5001)).toBe('unlisted')
    }
  })
})

describe('a denial', () => {
  it('of an address holds whatever is allowed, also for who translates to it', () => {
    const allow = [tcpRule('198.51.100.0/24'), tcpRule('64:ff9b::/96')]
    const gate = gateWith({ allow, deny: [tcpRule('198.51.100.7/32', [443, 443])] })
    expect([knock(gate, '198.51.100.7'), knock(gate, '64:ff9b::198.51.100.7')]).toEqual(['denied', 'denied'])
    expect([knock(gate, '198.51.100.7', 80), knock(gate, '198.51.100.8'), knock(gate, '64:ff9b::198.51.100.8')]).toEqual(['open', 'open', 'open'])
  })

  it('of an address holds for what a name opens', () => {
    const gate = gateWith({ allowDomains: [rule('example.com')], deny: [tcpRule('198.51.100.7/32')] })
    resolve(gate, 'example.com', found('198.51.100.7', '198.51.100.8'))
    expect([knock(gate, '198.51.100.7'), knock(gate, '198.51.100.8')]).toEqual(['denied', 'open'])
  })

  it('of a name keeps it from being asked for, below a name that is allowed', () => {
    const gate = gateWith({ allowDomains: [rule('*.example.com')], denyDomains: [rule('bad.example.com')] })
    const outcome = ask(gate, 'bad.example.com')
    expect([outcome.question, outcome.refusal?.reason, reply(outcome).code]).toEqual([undefined, 'denied', REFUSED])
    expect(ask(gate, 'good.example.com').question).toBeDefined()
  })

  it('of a name on some ports holds for its addresses, even by another name or rule, and when their time is over', () => {
    const allow = [tcpRule('198.51.100.0/24')]
    const gate = gateWith({ allow, allowDomains: [rule('*.example.com')], denyDomains: [rule('bad.example.com', { ports: [443, 443] })] })
    expect(knock(gate, '198.51.100.7', 443, 4000)).toBe('open')
    resolve(gate, 'bad.example.com', found('198.51.100.7'))
    resolve(gate, 'good.example.com', found('198.51.100.7'))
    expect([knock(gate, '198.51.100.7'), knock(gate, '198.51.100.7', 80)]).toEqual(['denied', 'open'])
    clock = 1e9
    expect([knock(gate, '198.51.100.7', 443, 5001), knock(gate, '198.51.100.8')]).toEqual(['denied', 'open'])
  })
})

describe('asking for names elsewhere', () => {
  it.each([
    ['plain', 53, '198.51.100.1'],
    ['over TLS', 853, '198.51.100.1'],
    ['over HTTPS', 443, '8.8.8.8'],
  ])('%s is refused by a rule by name, and allowed by a rule for the address', (_, port, address) => {
    const gate = byName(rule('example.com'))
    resolve(gate, 'example.com', found(address))
    expect([knock(gate, address, port), knock(gate, address, 8443)]).toEqual(['direct-dns', 'open'])
    expect(knock(gateWith({ allow: [tcpRule(`${address}/32`)] }), address, port)).toBe('open')
  })

  it('of a known resolver is refused under a rule for all names below, and allowed under its own name', () => {
    expect(ask(byName(rule('*.quad9.net')), 'dns.quad9.net').question).toBeUndefined()
    expect(ask(byName(rule('*.quad9.net')), 'www.quad9.net').question).toBeDefined()
    expect(ask(byName(rule('dns.quad9.net')), 'dns.quad9.net').question).toBeDefined()
  })
})

describe('replaced rules by name', () => {
  it('end the connections whose name they no longer list and leave the others', () => {
    const gate = byName(rule('example.com'), rule('example.org'))
    resolve(gate, 'example.com', found('198.51.100.1'))
    resolve(gate, 'example.org', found('198.51.100.2'))
    expect([knock(gate, '198.51.100.1'), knock(gate, '198.51.100.2')]).toEqual(['open', 'open'])
    gate.setRules(new RuleSet({ allow: [], allowDomains: [rule('example.org')] }))
    expect([gate.flows, knock(gate, '198.51.100.1'), knock(gate, '198.51.100.2')]).toEqual([1, 'unlisted', 'open'])
  })

  it('hold for an answer that comes after them', () => {
    const gate = byName(rule('example.com'))
    const { question } = ask(gate, 'example.com')
    if (question === undefined) throw new Error('not asked')
    gate.setRules(new RuleSet({ allow: [], allowDomains: [rule('example.org')] }))
    expect(reply(gate.answerName(question, found('198.51.100.1'))).code).toBe(REFUSED)
    gate.setRules(new RuleSet({ allow: [], allowDomains: [rule('example.com')] }))
    expect(knock(gate, '198.51.100.1')).toBe('unlisted')
  })
})
