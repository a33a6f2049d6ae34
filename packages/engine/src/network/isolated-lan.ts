// SPDX-License-Identifier: Apache-2.0
//
// The network of one VM that shares an isolated network with VMs of other sessions on this host: a switch with the guest at one port and
// its neighbours at the others, and no way out. Each session host runs its own, so that each guest's frames are looked at where they come in.
import { createServer, type Socket } from 'node:net'
import { FrameLink } from './frame-link.ts'
import { LanGate } from './lan-gate.ts'
import { LanNeighbours } from './lan-neighbours.ts'
import { RefusalLog, type RefusalReason } from './refusal-log.ts'
import type { NetworkEvent } from './switch.ts'
import { TokenBucket } from './token-bucket.ts'

export interface LanOptions {
  /** Path of the unix socket to listen on; one VM process connects. In a private folder, since whoever connects is the guest. */
  readonly socket: string
  /** The guest's Ethernet address, `aa:bb:cc:dd:ee:ff`. */
  readonly mac: string
  /** Of this network alone; all that name it share the network. */
  readonly folder: string
  /** A name of its own in that folder. */
  readonly station: string
  /** In each direction; null: no limit. */
  readonly kbitPerSecond: number | null
  readonly onEvent: (event: NetworkEvent) => void
}

export interface LanCounters {
  readonly toGuest: { readonly frames: number; readonly bytes: number }
  readonly fromGuest: { readonly frames: number; readonly bytes: number }
  /** Frames for which somebody had no room. */
  readonly lost: number
  /** Frames by reason. */
  readonly refused: Readonly<Partial<Record<RefusalReason, number>>>
}

export interface IsolatedLan {
  /** The guest's, and those of its neighbours now. */
  readonly address: string
  readonly neighbours: readonly string[]
  /** Shut, nothing of the guest gets out and nothing comes to it. At once. */
  setOpen(open: boolean): void
  readonly open: boolean
  /** In each direction, at once; null: no limit. */
  setRate(kbitPerSecond: number | null): void
  counters(): LanCounters
  /** Resolves when the sockets are removed. */
  close(): Promise<void>
}

const WINDOW_MS = 10_000

/** @throws RangeError for what is no Ethernet address of a guest; the error of the system where a socket cannot be listened on */
export async function joinIsolatedLan(options: LanOptions): Promise<IsolatedLan> {
  const lan = new Joined(options)
  try {
    await lan.listen()
  } catch (fault) {
    await lan.close()
    throw fault
  }
  return lan
}

class Joined implements IsolatedLan {
  readonly #options: LanOptions
  readonly #gate: LanGate
  readonly #log: RefusalLog
  readonly #neighbours: LanNeighbours
  readonly #server = createServer((socket) => this.#join(socket))
  readonly #buckets = { fromGuest: new TokenBucket(), toGuest: new TokenBucket() }
  readonly #sent = { toGuest: { frames: 0, bytes: 0 }, fromGuest: { frames: 0, bytes: 0 } }
  /** Those for whom there was no place, to tell of each once. */
  readonly #unwanted = new Set<string>()
  #lost = 0
  #guest: FrameLink | null = null
  #open = true
  #paced: NodeJS.Timeout | undefined
  #window: NodeJS.Timeout | undefined

  constructor(options: LanOptions) {
    this.#options = options
    this.#gate = new LanGate(options.mac)
    this.#log = new RefusalLog((flow) => options.onEvent({ type: 'refused', flow }))
    this.#neighbours = new LanNeighbours(options.folder, options.station, options.mac, {
      onJoin: (mac) => this.#welcome(mac),
      onLeave: (mac) => this.#gate.leave(mac),
      onFrame: (mac, frame) => this.#fromNeighbour(mac, frame),
    })
    this.setRate(options.kbitPerSecond)
  }

  get address(): string {
    return this.#gate.address
  }

  get neighbours(): readonly string[] {
    return this.#gate.neighbours
  }

  get open(): boolean {
    return this.#open
  }

  setOpen(open: boolean): void {
    this.#open = open
  }

  setRate(kbitPerSecond: number | null): void {
    for (const bucket of Object.values(this.#buckets)) bucket.setRate(kbitPerSecond, performance.now())
    this.#balance()
  }

  counters(): LanCounters {
    const { toGuest, fromGuest } = this.#sent
    return { toGuest: { ...toGuest }, fromGuest: { ...fromGuest }, lost: this.#lost, refused: Object.fromEntries(this.#log.counts) }
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.on('error', reject)
      this.#server.listen(this.#options.socket, resolve)
    })
    this.#window = setInterval(() => this.#log.flush(), WINDOW_MS)
    await this.#neighbours.open()
  }

  async close(): Promise<void> {
    clearTimeout(this.#paced)
    clearInterval(this.#window)
    await this.#neighbours.close()
    this.#guest?.close()
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve))
    this.#log.flush()
  }

  #welcome(mac: string): boolean {
    const fault = this.#gate.join(mac)
    if (fault !== null && !this.#unwanted.has(mac)) {
      this.#unwanted.add(mac)
      this.#options.onEvent({ type: 'neighbour', mac, message: fault })
    }
    return fault === null
  }

  #join(socket: Socket): void {
    if (this.#guest !== null) {
      socket.destroy()
      return
    }
    this.#options.onEvent({ type: 'guest', state: 'joined', error: null })
    this.#guest = new FrameLink(socket, {
      onFrame: (frame) => this.#fromGuest(frame),
      onBatch: () => this.#balance(),
      onEnd: (error) => {
        this.#guest = null
        this.#options.onEvent({ type: 'guest', state: 'left', error })
      },
    })
  }

  /** A neighbour that takes no more loses its frames, as on a cable: the others are not held up. */
  #fromGuest(frame: Buffer): void {
    this.#buckets.fromGuest.take(frame.length, performance.now())
    const outcome = this.#gate.fromGuest(frame)
    if (outcome.refusal !== null) this.#log.add(outcome.refusal)
    else if (!this.#open) this.#log.add({ reason: 'unlisted', protocol: 'other', address: null, port: null })
    else {
      if (outcome.toGuest !== null) this.#toGuest(outcome.toGuest)
      for (const mac of outcome.to) if (this.#neighbours.send(mac, outcome.frame) === 'lost') this.#lost++
      count(this.#sent.fromGuest, outcome.frame)
    }
  }

  #fromNeighbour(mac: string, frame: Buffer): void {
    const given = this.#gate.fromNeighbour(mac, frame)
    if (typeof given === 'string') this.#log.add({ reason: given, protocol: 'other', address: null, port: null })
    else if (given !== null && this.#open) this.#toGuest(given)
  }

  #toGuest(frame: Buffer): void {
    const now = performance.now()
    if (this.#guest === null || this.#guest.congested || this.#buckets.toGuest.wait(now) > 0) {
      this.#lost++
      return
    }
    this.#buckets.toGuest.take(frame.length, now)
    this.#guest.send(frame)
    count(this.#sent.toGuest, frame)
  }

  /** The guest is not read while it owes: it is slowed down and loses nothing. */
  #balance(): void {
    const wait = this.#buckets.fromGuest.wait(performance.now())
    this.#guest?.setReading(wait === 0)
    clearTimeout(this.#paced)
    if (wait > 0) this.#paced = setTimeout(() => this.#balance(), wait)
  }
}

function count(sum: { frames: number; bytes: number }, frame: Buffer): void {
  sum.frames++
  sum.bytes += frame.length
}
