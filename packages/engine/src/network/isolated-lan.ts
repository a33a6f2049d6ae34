// SPDX-License-Identifier: Apache-2.0
//
// A link for some VMs of one host and for nobody else: one socket a VM, joined by a switch without an uplink.
import { createServer, type Server } from 'node:net'
import { FrameLink } from './frame-link.ts'
import { LanGate } from './lan-gate.ts'
import type { RefusalReason } from './refusal-log.ts'

export interface LanStation {
  /** Path of the unix socket to listen on; whoever connects is the guest. */
  readonly socket: string
  readonly mac: string
}

export interface IsolatedLan {
  readonly counters: { readonly passed: number; readonly lost: number; readonly refused: Readonly<Partial<Record<RefusalReason, number>>> }
  /** Resolves when the sockets are removed. */
  close(): Promise<void>
}

/** @throws RangeError for Ethernet addresses that cannot be joined; the error of the system where a socket cannot be listened on. */
export async function startIsolatedLan(stations: readonly LanStation[]): Promise<IsolatedLan> {
  const lan = new Joined(stations.map(({ mac }) => mac))
  try {
    for (const [index, { socket }] of stations.entries()) await lan.listen(index, socket)
  } catch (fault) {
    await lan.close()
    throw fault
  }
  return lan
}

class Joined implements IsolatedLan {
  readonly #gate: LanGate
  readonly #links = new Map<number, FrameLink>()
  readonly #servers: Server[] = []
  readonly #refused = new Map<RefusalReason, number>()
  #passed = 0
  #lost = 0

  constructor(macs: readonly string[]) {
    this.#gate = new LanGate(macs)
  }

  get counters() {
    return { passed: this.#passed, lost: this.#lost, refused: Object.fromEntries(this.#refused) }
  }

  async listen(station: number, path: string): Promise<void> {
    const server = createServer((socket) => {
      if (this.#links.has(station)) {
        socket.destroy()
        return
      }
      const link = new FrameLink(socket, {
        onFrame: (frame) => this.#pass(station, frame),
        onBatch: () => undefined,
        onEnd: () => this.#links.delete(station),
      })
      this.#links.set(station, link)
    })
    this.#servers.push(server)
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(path, resolve)
    })
  }

  async close(): Promise<void> {
    for (const link of this.#links.values()) link.close()
    const listening = this.#servers.filter((server) => server.listening)
    await Promise.all(listening.map((server) => new Promise((resolve) => server.close(resolve))))
  }

  /** A station that takes no more loses its frames, as on a cable: the others are not held up. */
  #pass(station: number, received: Buffer): void {
    const { to, frame, reason } = this.#gate.from(station, received)
    if (reason !== null) this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + 1)
    for (const index of to) {
      const link = this.#links.get(index)
      if (link === undefined || link.congested) {
        this.#lost++
        continue
      }
      link.send(frame)
      this.#passed++
    }
  }
}
