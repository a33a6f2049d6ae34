// SPDX-License-Identifier: Apache-2.0
//
// Who shares an isolated network: every session host of it listens on a socket of its own in the network's folder and is linked to every
// other one. Nobody is in the middle, so whoever ends takes nobody along. The folder belongs to one user (mode 0700): who can open a
// socket in it is another session host of theirs. A link begins with what either side is, one frame of JSON each.
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { z } from 'zod'
import { FrameLink } from './frame-link.ts'

const ENDING = '.lan'
const LOOK_AGAIN_MS = 2000
const MAX_HELLO = 512
const name = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/)
const hello = z.strictObject({ format: z.literal('casemate-lan-1'), station: name, mac: z.string().regex(/^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/) })
type Hello = z.infer<typeof hello>

export interface NeighbourEvents {
  /** False: there is no place for it, and it is let go. */
  onJoin(mac: string): boolean
  onLeave(mac: string): void
  onFrame(mac: string, frame: Buffer): void
}

interface Neighbour {
  readonly mac: string
  readonly link: FrameLink
  /** The name of the one that called. */
  readonly caller: string
}

export class LanNeighbours {
  readonly #folder: string
  readonly #own: Hello
  readonly #events: NeighbourEvents
  readonly #server = createServer((socket) => this.#link(socket, null))
  readonly #linked = new Map<string, Neighbour>()
  readonly #sockets = new Set<Socket>()
  /** Called, and not yet known to be anybody. */
  readonly #calling = new Set<string>()
  #looking: NodeJS.Timeout | undefined
  #closed = false

  /** @param station a name of its own in the folder, such as that of the session */
  constructor(folder: string, station: string, mac: string, events: NeighbourEvents) {
    this.#folder = folder
    this.#own = hello.parse({ format: 'casemate-lan-1', station, mac: mac.toLowerCase() })
    this.#events = events
  }

  get #path(): string {
    return join(this.#folder, `${this.#own.station}${ENDING}`)
  }

  /** Resolves once it can be called and has called who was there. @throws the error of the system where it cannot listen */
  async open(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    // Under its name once it listens: whoever finds a socket that nobody answers may take it away.
    const unfinished = `${this.#path}.new`
    await rm(unfinished, { force: true })
    await new Promise<void>((resolve, reject) => {
      this.#server.on('error', reject)
      this.#server.listen(unfinished, resolve)
    })
    await rename(unfinished, this.#path)
    await this.#look()
  }

  send(mac: string, frame: Buffer): 'sent' | 'lost' {
    const link = [...this.#linked.values()].find((neighbour) => neighbour.mac === mac)?.link
    if (link === undefined || link.congested) return 'lost'
    link.send(frame)
    return 'sent'
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#looking)
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
    await rm(this.#path, { force: true })
  }

  /** Calls who is not linked; again and again, since a link may break and a name may have been missed. */
  async #look(): Promise<void> {
    const found = await readdir(this.#folder).catch(() => [])
    const others = found.filter((entry) => entry.endsWith(ENDING)).map((entry) => entry.slice(0, -ENDING.length))
    const absent = others.filter((other) => other !== this.#own.station && !this.#linked.has(other) && !this.#calling.has(other))
    await Promise.all(absent.map((other) => this.#call(other)))
    if (!this.#closed) this.#looking = setTimeout(() => void this.#look(), LOOK_AGAIN_MS)
  }

  async #call(other: string): Promise<void> {
    if (this.#closed || !name.safeParse(other).success) return
    const path = join(this.#folder, `${other}${ENDING}`)
    this.#calling.add(other)
    const socket = connect(path)
    const refused = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(false))
      socket.once('error', (error) => resolve('code' in error && error.code === 'ECONNREFUSED'))
    })
    if (refused) await rm(path, { force: true })
    if (socket.destroyed || this.#closed) {
      socket.destroy()
      this.#calling.delete(other)
    } else this.#link(socket, other)
  }

  /** @param called whom this side called; null: the other side did */
  #link(socket: Socket, called: string | null): void {
    let other: Hello | null = null
    this.#sockets.add(socket)
    const link = new FrameLink(socket, {
      onFrame: (frame) => {
        if (other === null) {
          other = this.#greeted(frame, called, link)
          if (other === null) socket.destroy()
        } else if (this.#linked.get(other.station)?.link === link) this.#events.onFrame(other.mac, frame)
      },
      onBatch: () => undefined,
      onEnd: () => {
        this.#sockets.delete(socket)
        if (called !== null) this.#calling.delete(called)
        if (other !== null && this.#linked.get(other.station)?.link === link) this.#forget(other.station)
      },
    })
    link.send(Buffer.from(JSON.stringify(this.#own)))
  }

  /** Null where the link is not wanted: no neighbour, one that has another link to here, or one too many. */
  #greeted(frame: Buffer, called: string | null, link: FrameLink): Hello | null {
    const said = frame.length > MAX_HELLO ? null : hello.safeParse(parseJson(frame))
    if (said?.success !== true || this.#closed) return null
    const { station, mac } = said.data
    if (station === this.#own.station || (called !== null && called !== station)) return null
    const caller = called === null ? station : this.#own.station
    const before = this.#linked.get(station)
    // Where both called at once, both keep the call of the same one of them.
    if (before !== undefined && before.caller !== caller && before.caller < caller) return null
    if (before !== undefined) {
      this.#forget(station)
      before.link.close()
    }
    if (!this.#events.onJoin(mac)) return null
    this.#linked.set(station, { mac, link, caller })
    return said.data
  }

  #forget(station: string): void {
    const gone = this.#linked.get(station)
    this.#linked.delete(station)
    if (gone !== undefined) this.#events.onLeave(gone.mac)
  }
}

function parseJson(frame: Buffer): unknown {
  try {
    return JSON.parse(frame.toString('utf8'))
  } catch {
    return null
  }
}
