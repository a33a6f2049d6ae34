// SPDX-License-Identifier: Apache-2.0
//
// The whole way: frames of a guest, the switch, passt and the kernel, to servers in a network namespace of this test.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { NetworkRule } from '../../src/network/rules.ts'
import { type ChildLines, inNamespace } from './child-lines.ts'
import { hostAddresses, makeNamespaces, type Namespaces, serverAddresses } from './namespaces.ts'
import { answers, isReset, MAC, ScriptedGuest } from './scripted-guest.ts'

const tcp = (cidr: string, ports: [number, number] | null = [8080, 8080]): NetworkRule => ({ protocol: 'tcp', cidr, ports })
const udp = (cidr: string): NetworkRule => ({ protocol: 'udp', cidr, ports: [8080, 8080] })

let spaces: Namespaces
let folder: string
let remote: ChildLines
let local: ChildLines

beforeAll(async () => {
  spaces = makeNamespaces()
  folder = await mkdtemp(join(tmpdir(), 'cm-net-'))
  remote = inNamespace(spaces.servers, 'servers-process.ts', ...serverAddresses)
  local = inNamespace(spaces.host, 'servers-process.ts', ...hostAddresses, '127.0.0.1', '::1')
  await Promise.all([remote, local].map((servers) => servers.until(({ ready }) => ready === true)))
})
afterAll(async () => {
  await Promise.all([remote.end('SIGKILL'), local.end('SIGKILL')])
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

/** A guest on a switch with `rules`, its uplink up. */
async function start(rules: readonly NetworkRule[]) {
  const socket = join(folder, `n${Math.random().toString(36).slice(2)}`)
  const network = inNamespace(spaces.host, 'switch-process.ts', JSON.stringify({ socket, mac: MAC, rules: { allow: rules }, kbitPerSecond: null }))
  await network.until(({ type, state }) => type === 'uplink' && state === 'up')
  const guest = new ScriptedGuest(socket)
  running.push({ network, guest })
  let replaced = 0
  const setRules = async (next: readonly NetworkRule[]) => {
    network.say({ rules: { allow: next } })
    replaced++
    const count = replaced
    return network.until(({ rules: done }) => done === count)
  }
  const refusal = (reason: string, address: string) =>
    network.until(
      ({ flow }) =>
        typeof flow === 'object' && flow !== null && 'reason' in flow && flow.reason === reason && 'address' in flow && flow.address === address,
    )
  return { guest, network, setRules, refusal }
}
const visits = (servers: ChildLines) => servers.events.filter(({ came }) => came !== undefined).map(({ came, address }) => `${came} ${address}`)

describe('a guest behind the switch', { timeout: 60_000 }, () => {
  it.each([
    ['IPv4', '10.77.0.3', '10.77.0.4', '/32'],
    ['IPv6', 'fd77::3', 'fd77::4', '/128'],
  ])('reaches exactly the listed one of two servers over %s, and the other one under the neighbouring rule', async (_, first, second, bits) => {
    const { guest, setRules, refusal } = await start([tcp(first + bits)])
    const before = visits(remote).length
    expect([await guest.knock(first), await guest.knock(second)]).toEqual(['open', 'reset'])
    await refusal('unlisted', second)
    await setRules([tcp(second + bits)])
    expect([await guest.knock(first), await guest.knock(second)]).toEqual(['reset', 'open'])
    await remote.until(() => visits(remote).length === before + 2)
    expect(visits(remote).slice(before)).toEqual([`tcp ${first}`, `tcp ${second}`])
  })

  it('reaches nothing of the host under rules for whole networks, and one address of the host by a rule for just that', async () => {
    const { guest, setRules, refusal } = await start([tcp('0.0.0.0/0', null), tcp('::/0', null)])
    expect(await guest.knock('10.77.0.3')).toBe('open')
    for (const address of hostAddresses) {
      expect(await guest.knock(address)).toBe('reset')
      await refusal('host-address', address)
    }
    await setRules([tcp('10.77.0.1/32'), tcp('fd77::1/128')])
    for (const address of hostAddresses) expect(await guest.knock(address)).toBe('open')
    await local.until(() => visits(local).length === 2)
    expect(visits(local)).toEqual(['tcp 10.77.0.1', 'tcp fd77::1'])
  })

  it('reaches the host alone by a rule for it, at the listed port and under its name, and nothing of its loopback or beside it', async () => {
    const { guest, network, refusal } = await start([])
    const before = { local: visits(local).length, remote: visits(remote).length }
    expect((await guest.resolve('host.internal')).code).toBe(5)
    network.say({ rules: { allow: [], allowHost: [{ protocol: 'tcp', ports: [8080, 8080] }] } })
    await network.until(({ rules }) => rules === 1)
    expect(await guest.resolve('host.internal')).toEqual({ code: 0, addresses: ['10.77.0.1'] })
    expect(await guest.resolve('host.internal', 28)).toEqual({ code: 0, addresses: ['fd77::1'] })
    for (const address of hostAddresses) expect(await guest.knock(address)).toBe('open')
    await local.until(() => visits(local).length === before.local + 2)
    expect([await guest.knock('10.77.0.1', 9090), await guest.knock('127.0.0.1'), await guest.knock('10.77.0.3')]).toEqual(Array(3).fill('reset'))
    await refusal('host-address', '10.77.0.1')
    await refusal('unlisted', '10.77.0.3')
    expect([visits(local).slice(before.local), visits(remote).slice(before.remote)]).toEqual([['tcp 10.77.0.1', 'tcp fd77::1'], []])
  })

  it('never reaches the loopback of the host, even where a rule lists it', async () => {
    const { guest, refusal } = await start(['127.0.0.1/32', '0.0.0.0/0', '::1/128', '::/0'].map((cidr) => tcp(cidr, null)))
    const before = visits(local).length
    for (const address of ['127.0.0.1', '0.0.0.0', '::1', '::', '::ffff:127.0.0.1', '::ffff:10.77.0.1'])
      expect(await guest.knock(address)).toBe('reset')
    await refusal('special-address', '127.0.0.1')
    expect(await guest.knock('10.77.0.3')).toBe('open')
    expect(visits(local).length).toBe(before)
  })

  it('no longer reaches an address once the host has taken it', async () => {
    const { guest, refusal } = await start([tcp('10.77.0.0/24')])
    const { answer, connection } = await guest.open('10.77.0.4')
    expect(answer).toBe('open')
    spaces.inHost('addr', 'add', '10.77.0.4/32', 'dev', 'lo')
    try {
      expect(isReset(await guest.receive((frame) => answers(frame, connection)))).toBe(true)
      expect(await guest.knock('10.77.0.4')).toBe('reset')
      await refusal('host-address', '10.77.0.4')
    } finally {
      spaces.inHost('addr', 'del', '10.77.0.4/32', 'dev', 'lo')
    }
  })

  it('loses a connection at once when its rule goes, on both ends, and keeps the one whose rule stays', async () => {
    const { guest, setRules } = await start([tcp('10.77.0.3/32'), tcp('10.77.0.4/32')])
    const [kept, lost] = [await guest.open('10.77.0.3'), await guest.open('10.77.0.4')]
    expect([kept.answer, lost.answer]).toEqual(['open', 'open'])
    const departures = () => remote.events.filter(({ left }) => left !== undefined).length
    const before = departures()
    const { counters } = await setRules([tcp('10.77.0.3/32')])
    expect(counters).toMatchObject({ flows: 1 })
    expect(isReset(await guest.receive((frame) => answers(frame, lost.connection)))).toBe(true)
    await remote.until(() => departures() > before)
    expect(remote.events.findLast(({ left }) => left !== undefined)).toMatchObject({ address: '10.77.0.4' })
    expect(await guest.knock('10.77.0.3')).toBe('open')
  })

  it('exchanges datagrams with the listed server only', async () => {
    const { guest, refusal } = await start([udp('10.77.0.3/32'), udp('fd77::3/128')])
    guest.sendDatagram('10.77.0.4', 'lost')
    guest.sendDatagram('fd77::4', 'lost')
    guest.sendDatagram('127.0.0.1', 'lost')
    expect(await guest.exchange('10.77.0.3', 'hello')).toBe('hello')
    expect(await guest.exchange('fd77::3', 'hello')).toBe('hello')
    await refusal('unlisted', '10.77.0.4')
    expect(visits(remote).filter((visit) => visit.startsWith('udp'))).toEqual(['udp 10.77.0.3', 'udp fd77::3'])
    expect(visits(local).filter((visit) => visit.startsWith('udp'))).toEqual([])
  })

  it('reaches nothing under an empty list', async () => {
    const { guest } = await start([])
    const before = visits(remote).length
    for (const address of [...serverAddresses, ...hostAddresses]) expect(await guest.knock(address)).toBe('reset')
    expect(visits(remote).length).toBe(before)
  })
})
