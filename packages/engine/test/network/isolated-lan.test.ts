// SPDX-License-Identifier: Apache-2.0
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { knownAddress } from '../../src/network/address.ts'
import { buildIpFrame, protocolNumber, udpBody } from '../../src/network/build-packet.ts'
import { frameHeader } from '../../src/network/frame-stream.ts'
import type { LanCounters } from '../../src/network/isolated-lan.ts'
import { knownMac } from '../../src/network/lan.ts'
import { LanGate } from '../../src/network/lan-gate.ts'
import { probeModes } from '../../src/network/probe-modes.ts'
import { ChildLines } from './child-lines.ts'
import { ScriptedGuest } from './scripted-guest.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cm-lan-'))
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true, force: true })
})

const macOf = (index: number) => `52:54:00:00:00:0${index}`
const addressOf = (index: number) => new LanGate(macOf(index)).address

/** One guest, the process of its port, and what it says of it. */
class Station {
  readonly index: number
  readonly process: ChildLines
  guest: ScriptedGuest | null = null
  #told = 0

  constructor(lan: string, index: number, kbitPerSecond: number | null = null) {
    this.index = index
    const options = { socket: this.#socket, mac: macOf(index), folder: join(folder, lan), station: `s-${index}`, kbitPerSecond }
    this.process = new ChildLines(process.execPath, [fileURLToPath(new URL('lan-process.ts', import.meta.url)), JSON.stringify(options)])
    stations.push(this)
  }

  get #socket(): string {
    return join(folder, `guest-${this.index}`)
  }

  async ready(): Promise<this> {
    await this.process.until(({ ready }) => ready === true)
    this.guest = new ScriptedGuest(this.#socket)
    return this
  }

  async tell(change: { readonly open?: boolean } = {}) {
    this.#told++
    const count = this.#told
    this.process.say(change)
    const { neighbours, counters } = await this.process.until(({ told }) => told === count)
    return { neighbours: (neighbours as string[]).toSorted(), counters: counters as Pick<LanCounters, 'fromGuest' | 'lost' | 'refused'> }
  }

  /** Resolves once these are its neighbours. */
  async sees(...indices: readonly number[]): Promise<void> {
    await vi.waitFor(async () => expect((await this.tell()).neighbours).toEqual(indices.map(addressOf).toSorted()), patient)
  }

  send(to: number, text: string, source = addressOf(this.index)): void {
    const ends = { from: knownMac(macOf(this.index)), to: knownMac(macOf(to)) }
    const addresses = { source: knownAddress(source), destination: knownAddress(addressOf(to)) }
    this.guest?.send(buildIpFrame({ ...ends, ...addresses, protocol: protocolNumber.udp, body: udpBody(9, 9, Buffer.from(text)), checksumAt: 6 }))
  }

  /** What it hears next that is one of ours. */
  async hears(): Promise<string> {
    const frame = await this.guest?.receive((heard) => heard.readUInt16BE(12) === 0x0800 && heard.readUInt8(23) === protocolNumber.udp)
    return String(frame?.subarray(42))
  }
}

const patient = { timeout: 20_000, interval: 50 }
const stations: Station[] = []
afterEach(async () => {
  for (const { guest, process } of stations.splice(0)) {
    guest?.close()
    await process.end('SIGKILL')
  }
})

describe('an isolated network', { timeout: 60_000 }, () => {
  it('joins the guests of several processes, keeps each to its own address, and no guest of another network hears them', async () => {
    const made = [new Station('lab', 1), new Station('lab', 2), new Station('shop', 3), new Station('shop', 4)] as const
    const [one, two, three, four] = (await Promise.all(made.map((station) => station.ready()))) as [Station, Station, Station, Station]
    await Promise.all([one.sees(2), two.sees(1), three.sees(4), four.sees(3)])
    one.send(2, 'forged', addressOf(3))
    one.send(2, 'genuine')
    expect(await two.hears()).toBe('genuine')
    two.send(1, 'answer')
    expect(await one.hears()).toBe('answer')
    one.send(4, 'elsewhere')
    three.send(4, 'there')
    expect(await four.hears()).toBe('there')
    expect((await one.tell()).counters).toMatchObject({ lost: 0, refused: { spoofed: 1, unlisted: 1 } })
    expect((await two.tell()).counters).toMatchObject({ lost: 0, refused: {} })
    expect((await four.tell()).counters).toMatchObject({ lost: 0, refused: {} })
  })

  it('goes on for the others when any of its processes is killed, and takes that one back', async () => {
    const [one, two, three] = await Promise.all([1, 2, 3].map((index) => new Station('lab', index).ready()))
    if (one === undefined || two === undefined || three === undefined) throw new Error('three')
    await Promise.all([one.sees(2, 3), two.sees(1, 3), three.sees(1, 2)])
    one.guest?.close()
    await one.process.end('SIGKILL')
    await Promise.all([two.sees(3), three.sees(2)])
    two.send(3, 'without the first')
    expect(await three.hears()).toBe('without the first')
    await rm(join(folder, 'guest-1'))
    const again = await new Station('lab', 1).ready()
    await Promise.all([again.sees(2, 3), two.sees(1, 3), three.sees(1, 2)])
    again.send(3, 'back')
    expect(await three.hears()).toBe('back')
  })

  it('is shut for a guest and opened again while the others go on', async () => {
    const [one, two] = await Promise.all([1, 2].map((index) => new Station('lab', index).ready()))
    if (one === undefined || two === undefined) throw new Error('two')
    await Promise.all([one.sees(2), two.sees(1)])
    await one.tell({ open: false })
    one.send(2, 'while shut')
    two.send(1, 'to one that is shut')
    // It has left the second by then, and comes before the first is asked twice.
    await vi.waitFor(async () => expect((await two.tell()).counters.fromGuest.frames).toBe(1), patient)
    await one.tell()
    await vi.waitFor(async () => expect((await one.tell()).counters.refused).toEqual({ unlisted: 1 }), patient)
    await one.tell({ open: true })
    one.send(2, 'open again')
    two.send(1, 'to one that is open')
    expect([await two.hears(), await one.hears()]).toEqual(['open again', 'to one that is open'])
  })

  it('lets in nobody that does not say who it is, nor one whose address is taken', async () => {
    const one = await new Station('lab', 1).ready()
    const strange = connect(join(folder, 'lab', 's-1.lan')).resume()
    strange.write(Buffer.concat([frameHeader(Buffer.from('{"hello":"there"}')), Buffer.from('{"hello":"there"}')]))
    await new Promise((resolve) => strange.once('close', resolve))
    const twin = connect(join(folder, 'lab', 's-1.lan')).resume()
    const claims = Buffer.from(JSON.stringify({ format: 'casemate-lan-1', station: 's-9', mac: macOf(1) }))
    twin.write(Buffer.concat([frameHeader(claims), claims]))
    await new Promise((resolve) => twin.once('close', resolve))
    expect(await one.process.until(({ type }) => type === 'neighbour')).toMatchObject({ mac: macOf(1), message: 'its Ethernet address is taken' })
    expect((await one.tell()).neighbours).toEqual([])
    await new Station('lab', 2).ready()
    await one.sees(2)
  })

  it('holds each guest to its rate', async () => {
    const [slow, two] = await Promise.all([new Station('lab', 1, 80).ready(), new Station('lab', 2).ready()])
    await Promise.all([slow.sees(2), two.sees(1)])
    const text = 'x'.repeat(1000)
    for (let sent = 0; sent < 100; sent++) two.send(1, text)
    await vi.waitFor(async () => expect((await slow.tell()).counters.lost).toBeGreaterThan(50), patient)
    expect((await two.tell()).counters.lost).toBe(0)
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
