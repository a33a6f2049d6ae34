// SPDX-License-Identifier: Apache-2.0
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { knownAddress } from '../../src/network/address.ts'
import { buildIpFrame, protocolNumber, udpBody } from '../../src/network/build-packet.ts'
import { startIsolatedLan } from '../../src/network/isolated-lan.ts'
import { knownMac } from '../../src/network/lan.ts'
import { probeModes } from '../../src/network/probe-modes.ts'
import { ScriptedGuest } from './scripted-guest.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cm-lan-'))
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true, force: true })
})

const station = (index: number) => ({ socket: join(folder, `s${index}`), mac: `52:54:00:00:00:0${index}` })
/** A datagram of station `from` under the address `source`, to station `to`. */
function datagram(from: number, to: number, text: string, source = `10.0.3.${9 + from}`): Buffer {
  const ends = { from: knownMac(station(from).mac), to: knownMac(station(to).mac) }
  const addresses = { source: knownAddress(source), destination: knownAddress(`10.0.3.${9 + to}`) }
  return buildIpFrame({ ...ends, ...addresses, protocol: protocolNumber.udp, body: udpBody(9, 9, Buffer.from(text)), checksumAt: 6 })
}
const carries = (text: string) => (frame: Buffer) => frame.includes(text)

describe('an isolated link', () => {
  it('joins its guests, keeps each to its own address, and no guest of another link hears them', async () => {
    const lans = [await startIsolatedLan([station(1), station(2)]), await startIsolatedLan([station(3), station(4)])] as const
    const guests = [1, 2, 3, 4].map((index) => new ScriptedGuest(station(index).socket))
    const [one, two, three, four] = guests
    if (one === undefined || two === undefined || three === undefined || four === undefined) throw new Error('four guests')
    one.send(datagram(1, 2, 'forged', '10.0.3.99'))
    one.send(datagram(1, 2, 'genuine'))
    expect((await two.receive(carries(''))).includes('genuine')).toBe(true)
    two.send(datagram(2, 1, 'answer'))
    expect((await one.receive(carries(''))).includes('answer')).toBe(true)
    one.send(datagram(1, 4, 'elsewhere'))
    one.send(datagram(1, 2, 'last'))
    await two.receive(carries('last'))
    expect(lans[0].counters).toEqual({ passed: 3, lost: 0, refused: { spoofed: 1, unlisted: 1 } })
    expect(lans[1].counters).toEqual({ passed: 0, lost: 0, refused: {} })
    for (const guest of guests) guest.close()
    for (const lan of lans) await lan.close()
  })
})

describe('the networks that a host can give', () => {
  it('are those with a way out where passt is, and the isolated one everywhere', async () => {
    expect(await probeModes()).toMatchObject({ isolated: { available: true }, nat: { available: true }, 'host-only': { available: true } })
    vi.stubEnv('PATH', folder)
    expect(await probeModes()).toMatchObject({ isolated: { available: true }, nat: { available: false }, 'host-only': { available: false } })
  })

  it('have a bridge where the process may make network devices', async () => {
    const places = { tun: join(folder, 'tun'), status: join(folder, 'status') }
    expect(await probeModes(places)).toMatchObject({ bridged: { available: false, message: expect.stringContaining('ENOENT') } })
    await writeFile(places.tun, '')
    await chmod(places.tun, 0o600)
    await writeFile(places.status, 'Name:\tnode\nCapEff:\t0000000000000fff\n')
    expect(await probeModes(places)).toMatchObject({ bridged: { available: false, message: 'this process may not make network devices' } })
    await writeFile(places.status, 'Name:\tnode\nCapEff:\t0000000000001000\n')
    expect(await probeModes(places)).toMatchObject({ bridged: { available: true } })
  })
})
