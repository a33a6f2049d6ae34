// SPDX-License-Identifier: Apache-2.0
//
// The whole way of a rule by name: the guest asks the switch, the switch asks a server in another namespace, and what the guest is told is
// open. Then what is denied, and how fast it may go.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { DomainRule, NetworkRules } from '../../src/network/rules.ts'
import { type ChildLines, inNamespace } from './child-lines.ts'
import { hostAddresses, makeNamespaces, type Namespaces, serverAddresses } from './namespaces.ts'
import { answers, isReset, MAC, ScriptedGuest } from './scripted-guest.ts'

const NAME_SERVER = '10.77.0.2'
const records = {
  'first.example.com': ['10.77.0.3', 'fd77::3'],
  'second.example.com': ['10.77.0.4'],
  'host.example.com': ['10.77.0.1', 'fd77::1'],
  'loop.example.com': ['127.0.0.1', '::1'],
  'mixed.example.com': ['127.0.0.1', '10.77.0.1', '10.77.0.4'],
  'other.example.org': ['10.77.0.4'],
}
const rule = (domain: string, ports: [number, number] | null = [8080, 8080]): DomainRule => ({ protocol: 'tcp', domain, ports })

let spaces: Namespaces
let folder: string
let servers: ChildLines
let names: ChildLines
let local: ChildLines

beforeAll(async () => {
  spaces = makeNamespaces()
  folder = await mkdtemp(join(tmpdir(), 'cm-dns-'))
  servers = inNamespace(spaces.servers, 'servers-process.ts', ...serverAddresses)
  names = inNamespace(spaces.servers, 'dns-process.ts', NAME_SERVER, JSON.stringify(records))
  local = inNamespace(spaces.host, 'servers-process.ts', ...hostAddresses, '127.0.0.1', '::1')
  await Promise.all([servers, names, local].map((child) => child.until(({ ready }) => ready === true)))
})
afterAll(async () => {
  await Promise.all([servers, names, local].map((child) => child.end('SIGKILL')))
  spaces.remove()
  await rm(folder, { recursive: true, force: true })
})

const running: { network: ChildLines; guest: ScriptedGuest }[] = []
afterEach(async () => {
  for (const { network, guest } of running.splice(0)) {
    guest.close()
    await network.end()
  }
})

async function start(rules: Partial<NetworkRules>, kbitPerSecond: number | null = null) {
  const socket = join(folder, `n${Math.random().toString(36).slice(2)}`)
  const options = { socket, mac: MAC, rules: { allow: [], ...rules }, kbitPerSecond, nameServers: [NAME_SERVER] }
  const network = inNamespace(spaces.host, 'switch-process.ts', JSON.stringify(options))
  await network.until(({ type, state }) => type === 'uplink' && state === 'up')
  const guest = new ScriptedGuest(socket)
  running.push({ network, guest })
  let changed = 0
  const change = async (next: { rules?: NetworkRules; kbitPerSecond?: number | null }) => {
    network.say(next)
    changed++
    const count = changed
    return network.until(({ rules: done }) => done === count)
  }
  return { guest, network, change }
}
const asked = () => names.events.flatMap(({ asked: name }) => (name === undefined ? [] : [name]))
const arrivals = () => local.events.filter(({ came }) => came !== undefined).length

describe('a guest with rules by name', { timeout: 60_000 }, () => {
  it('reaches the listed name over both families once it has asked for it, and not its neighbour', async () => {
    const { guest } = await start({ allowDomains: [rule('first.example.com')] })
    expect(await guest.knock('10.77.0.3')).toBe('reset')
    expect(await guest.resolve('First.Example.com')).toEqual({ code: 0, addresses: ['10.77.0.3'] })
    expect(await guest.resolve('first.example.com', 28)).toEqual({ code: 0, addresses: ['fd77::3'] })
    expect(await Promise.all(['10.77.0.3', 'fd77::3', '10.77.0.4', 'fd77::4'].map((address) => guest.knock(address)))).toEqual([
      ...['open', 'open'],
      ...['reset', 'reset'],
    ])
    expect(await guest.resolve('second.example.com')).toEqual({ code: 5, addresses: [] })
    expect(asked()).not.toContain('second.example.com')
  })

  it('carries nothing out in names that no rule lists, and does in those below a listed one', async () => {
    const { guest, network } = await start({ allowDomains: [rule('*.example.com')] })
    expect(await guest.resolve('c2VjcmV0.example.org')).toEqual({ code: 5, addresses: [] })
    expect(await guest.resolve('none.example.com')).toEqual({ code: 3, addresses: [] })
    expect([asked().includes('c2VjcmV0.example.org'.toLowerCase()), asked().includes('none.example.com')]).toEqual([false, true])
    await network.until(({ flow }) => typeof flow === 'object' && flow !== null && 'domain' in flow && flow.domain === 'c2vjcmv0.example.org')
  })

  it('never reaches the host by a name that leads there', async () => {
    const { guest } = await start({ allowDomains: [rule('*.example.com', null)] })
    const before = arrivals()
    for (const type of [1, 28]) {
      expect(await guest.resolve('host.example.com', type)).toEqual({ code: 5, addresses: [] })
      expect(await guest.resolve('loop.example.com', type)).toEqual({ code: 5, addresses: [] })
    }
    expect(await guest.resolve('mixed.example.com')).toEqual({ code: 0, addresses: ['10.77.0.4'] })
    for (const address of [...hostAddresses, '127.0.0.1', '::1']) expect(await guest.knock(address)).toBe('reset')
    expect(await guest.knock('10.77.0.4')).toBe('open')
    expect(arrivals()).toBe(before)
  })

  it('is refused a denied name below a listed one, and a denied address of a listed name', async () => {
    const deny = [{ protocol: 'tcp' as const, cidr: '10.77.0.3/32', ports: null }]
    const { guest, change } = await start({ allowDomains: [rule('*.example.com')], denyDomains: [rule('second.example.com', null)], deny })
    expect(await guest.resolve('second.example.com')).toEqual({ code: 5, addresses: [] })
    await guest.resolve('first.example.com')
    expect(await guest.knock('10.77.0.3')).toBe('reset')
    await change({ rules: { allow: [], allowDomains: [rule('*.example.com')] } })
    expect(await guest.knock('10.77.0.3')).toBe('open')
    expect(await guest.resolve('second.example.com')).toEqual({ code: 0, addresses: ['10.77.0.4'] })
  })

  it('asks nobody but the switch, unless a rule lists the server by its address', async () => {
    const { guest, change } = await start({ allowDomains: [{ ...rule('*.example.com', null), protocol: 'udp' }] })
    const before = asked().length
    guest.sendDatagram(NAME_SERVER, 'x'.repeat(40), 53)
    expect(await guest.resolve('first.example.com')).toEqual({ code: 0, addresses: ['10.77.0.3'] })
    expect(asked().length).toBe(before + 1)
    await change({ rules: { allow: [{ protocol: 'udp', cidr: `${NAME_SERVER}/32`, ports: [53, 53] }] } })
    expect(await guest.resolve('first.example.com', 1, NAME_SERVER)).toEqual({ code: 0, addresses: ['10.77.0.3'] })
  })

  it('keeps a connection by name when other rules come, and loses it within 100 ms when its own goes', { retry: 2 }, async () => {
    const { guest, change } = await start({ allowDomains: [rule('first.example.com'), rule('second.example.com')] })
    await guest.resolve('first.example.com')
    await guest.resolve('second.example.com')
    const [kept, lost] = [await guest.open('10.77.0.3'), await guest.open('10.77.0.4')]
    expect([kept.answer, lost.answer]).toEqual(['open', 'open'])
    const from = performance.now()
    const { counters } = await change({ rules: { allow: [], allowDomains: [rule('first.example.com'), rule('other.example.org')] } })
    expect(isReset(await guest.receive((frame) => answers(frame, lost.connection)))).toBe(true)
    expect(performance.now() - from).toBeLessThan(100)
    expect(counters).toMatchObject({ flows: 1, opened: 2, names: { asked: 2, answered: 2, open: 2 } })
    expect([await guest.knock('10.77.0.3'), await guest.knock('10.77.0.4')]).toEqual(['open', 'reset'])
  })
})

describe('a guest with a rate', { timeout: 60_000 }, () => {
  /** Milliseconds that `count` datagrams of 1,000 bytes take there and back, one after the other. */
  async function time(guest: ScriptedGuest, count: number): Promise<number> {
    const from = performance.now()
    for (let turn = 0; turn < count; turn++) await guest.exchange('10.77.0.3', 'x'.repeat(1000))
    return performance.now() - from
  }

  it('goes no faster in either direction, and at full speed again once the limit is lifted', async () => {
    const allow = [{ protocol: 'udp' as const, cidr: '10.77.0.3/32', ports: null }]
    const { guest, change } = await start({ allow }, 80)
    // 20 frames of 1,042 bytes at 10,000 bytes a second, less the burst of 3,028.
    const limited = await time(guest, 20)
    expect(limited).toBeGreaterThan(1500)
    expect(limited).toBeLessThan(4500)
    await change({ kbitPerSecond: null })
    const free = await time(guest, 20)
    expect(free).toBeLessThan(limited / 2)
    await change({ kbitPerSecond: 80 })
    expect(await time(guest, 20)).toBeGreaterThan(1500)
  })
})
