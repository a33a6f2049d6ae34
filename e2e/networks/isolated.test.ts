// SPDX-License-Identifier: Apache-2.0
//
// Desktops of one computer on isolated networks: two whose plans name the same one reach each other, on different engines too, and one on
// another network is reached by nobody. Each session host is a process of its own; one that is killed takes nobody along.
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { layoutOf } from '../../apps/client-runtime/layout.ts'
import type { NetworkView } from '../../apps/client-runtime/local-api.ts'
import { knownAddress } from '../../packages/engine/src/network/address.ts'
import { joinIsolatedLan } from '../../packages/engine/src/network/isolated-lan.ts'
import { ScriptedGuest } from '../../packages/engine/test/network/scripted-guest.ts'
import type { LaunchPlan } from '../../packages/policy/src/decision/launch-plan.ts'
import type { RfbClient } from '../screen/rfb-client.ts'
import { sealVersion } from '../session-host/make-release.ts'
import { makeWorld, removeWorld } from '../session-host/make-world.ts'
import { placesOf } from '../session-host/places.ts'
import type { RunningSession } from '../session-host/running-session.ts'
import { BOOT_LIMIT_MS, PROMPT, startSession, strictPlan, watchScreen } from '../session-host/start-session.ts'
import type { SealedRelease, World } from '../session-host/world.ts'

const PORT = 8080
const patient = { timeout: 60_000, interval: 200 }

/** A desktop that runs, and what is asked of its guest. */
class Desktop {
  readonly session: RunningSession
  readonly plan: LaunchPlan
  readonly screen: RfbClient

  private constructor(session: RunningSession, plan: LaunchPlan, screen: RfbClient) {
    this.session = session
    this.plan = plan
    this.screen = screen
  }

  static async start(world: World, release: SealedRelease, instance: string, engine: 'qemu' | 'v86', lan: string): Promise<Desktop> {
    const plan: LaunchPlan = { ...strictPlan(world, release), instance, engine, network: { mode: 'isolated', lan } }
    const session = await startSession(world, 'device', release, { plan })
    await session.until((view) => view.state === 'running')
    const screen = await watchScreen(session)
    await screen.waitForText(PROMPT, 2 * BOOT_LIMIT_MS)
    return new Desktop(session, plan, screen)
  }

  async network(): Promise<NetworkView> {
    const network = await this.session.control.network()
    if (network === null) throw new Error('no card')
    return network
  }

  /** Resolves once its guest has the address that its switch gives, and answers on a port with a word. */
  async serves(word: string): Promise<string> {
    const { address } = await this.network()
    await this.screen.typeText(`clear; until address | grep -q ${address}; do sleep 1; done; echo has-""${word}\n`)
    await this.screen.waitForText(`has-${word}`, 60_000)
    await this.screen.typeText(`clear; while :; do nc -l -p ${PORT} -e sh -c "read x; echo reached-${word}" 2>/dev/null; done & echo on-""${word}\n`)
    await this.screen.waitForText(`on-${word}`, 60_000)
    return address
  }

  /** The last line of what answers its guest there, or `nothing`. */
  async fetches(address: string): Promise<string> {
    await this.screen.typeText(`clear; echo "got"": $(fetch ${address} ${PORT}) end"\n`)
    return /^got: (.*) end/m.exec(await this.screen.waitForText(/^got: .* end/m, 60_000))?.[1] ?? ''
  }
}

describe('desktops on isolated networks', () => {
  let world: World
  let release: SealedRelease

  beforeAll(async () => {
    world = await makeWorld('v86')
    release = await sealVersion(world, '1')
  }, BOOT_LIMIT_MS)
  afterAll(() => removeWorld(world))

  it('reach those whose plans name the same one, and nobody else', { timeout: 6 * BOOT_LIMIT_MS }, async () => {
    const [one, two] = await Promise.all([
      Desktop.start(world, release, 'demo-1', 'qemu', 'lab'),
      Desktop.start(world, release, 'demo-2', 'v86', 'lab'),
    ])
    const addresses = [await one.serves('one'), await two.serves('two')] as const
    expect(await one.network()).toMatchObject({ mode: 'isolated', lan: 'lab', neighbours: [addresses[1]], uplink: null })
    expect(await one.fetches(addresses[1])).toBe('reached-two')
    expect(await two.fetches(addresses[0])).toBe('reached-one')
    expect(await one.fetches('10.64.0.1')).toBe('nothing')

    // A station without a desktop: on another network nobody answers it, on this one both do.
    const { folder } = world
    const { lan } = layoutOf(placesOf(folder).data('device'))
    for (const [name, answers] of [
      ['shop', 0],
      ['lab', 2],
    ] as const) {
      const station = { socket: join(folder, name), mac: '52:54:00:00:00:01', folder: lan(name), station: 'other' }
      const joined = await joinIsolatedLan({ ...station, kbitPerSecond: null, onEvent: () => undefined })
      await vi.waitFor(() => expect(joined.neighbours.length).toBe(answers), patient)
      const guest = new ScriptedGuest(station.socket)
      for (const address of addresses) guest.send(whoHas(station.mac, joined.address, address))
      await vi.waitFor(
        () => expect(joined.counters()).toMatchObject({ fromGuest: { frames: 2 }, toGuest: { frames: answers }, refused: {} }),
        patient,
      )
      guest.close()
      await joined.close()
    }

    // Another plan takes its card off the network at once, and puts it back.
    await two.session.control.replan({ ...two.plan, network: { mode: 'isolated', lan: 'shop' } })
    expect(await two.network()).toMatchObject({ mode: 'none', waiting: true })
    expect(await one.fetches(addresses[1])).toBe('nothing')
    await two.session.control.replan(two.plan)
    expect(await one.fetches(addresses[1])).toBe('reached-two')

    await two.session.kill()
    await vi.waitFor(async () => expect((await one.network()).neighbours).toEqual([]), patient)
    expect((await one.session.view()).state).toBe('running')
  })
})

function whoHas(mac: string, from: string, address: string): Buffer {
  const own = Buffer.from(mac.replaceAll(':', ''), 'hex')
  const head = Buffer.from('08060001080006040001', 'hex')
  return Buffer.concat([Buffer.alloc(6, 255), own, head, own, knownAddress(from), Buffer.alloc(6), knownAddress(address)])
}
