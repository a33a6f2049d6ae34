// SPDX-License-Identifier: Apache-2.0
//
// Two guests on an isolated link of this host, which a third one does not share.
import { join } from 'node:path'
import { expect, vi } from 'vitest'
import { knownAddress } from '../../packages/engine/src/network/address.ts'
import { buildIpFrame, protocolNumber, udpBody } from '../../packages/engine/src/network/build-packet.ts'
import { type IsolatedLan, joinIsolatedLan } from '../../packages/engine/src/network/isolated-lan.ts'
import { knownMac } from '../../packages/engine/src/network/lan.ts'
import { ScriptedGuest } from '../../packages/engine/test/network/scripted-guest.ts'
import { LAN_ADDRESS } from './surroundings.ts'

const macs = { first: '52:54:00:00:00:01', second: '52:54:00:00:00:02' }
const SECOND_ADDRESS = '10.82.34.158'

export class IsolatedNeighbours {
  readonly #lans: readonly IsolatedLan[]
  readonly #first: ScriptedGuest
  readonly #second: ScriptedGuest

  private constructor(lans: readonly IsolatedLan[], sockets: { readonly first: string; readonly second: string }) {
    this.#lans = lans
    this.#first = new ScriptedGuest(sockets.first)
    this.#second = new ScriptedGuest(sockets.second)
  }

  static async ready(folder: string): Promise<IsolatedNeighbours> {
    const sockets = { first: join(folder, 'first'), second: join(folder, 'second') }
    const shared = { folder: join(folder, 'lan'), kbitPerSecond: null, onEvent: () => undefined }
    const first = await joinIsolatedLan({ ...shared, socket: sockets.first, mac: macs.first, station: 'first' })
    const second = await joinIsolatedLan({ ...shared, socket: sockets.second, mac: macs.second, station: 'second' })
    await vi.waitFor(() => expect([first.neighbours, second.neighbours]).toEqual([[SECOND_ADDRESS], [LAN_ADDRESS]]))
    return new IsolatedNeighbours([first, second], sockets)
  }

  /** What of the frames that came to them was lost or refused. */
  get faults() {
    return this.#lans.map((lan) => lan.counters()).map(({ lost, refused }) => ({ lost, refused }))
  }

  /** A datagram for the first guest, by the Ethernet addresses of the link, as whoever has `mac` and `source` sends it. */
  frame(text: string, mac = macs.second, source = SECOND_ADDRESS): Buffer {
    const ends = { from: knownMac(mac), to: knownMac(macs.first), source: knownAddress(source), destination: knownAddress(LAN_ADDRESS) }
    return buildIpFrame({ ...ends, protocol: protocolNumber.udp, body: udpBody(9, 8080, Buffer.from(text)), checksumAt: 6 })
  }

  /** Whether the datagram that the second guest sends is what the first one hears first. */
  async hears(text: string): Promise<boolean> {
    this.#second.send(this.frame(text))
    return (await this.#first.receive(() => true)).includes(text)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#first.close()
    this.#second.close()
    for (const lan of this.#lans) await lan.close()
  }
}
