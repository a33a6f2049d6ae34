// SPDX-License-Identifier: Apache-2.0
//
// RFB 3.8 (RFC 6143) on a unix socket over a frame source: security None, Raw (docs/adr/0021), DesktopSize, QEMU extended key events.
// Every client is shared. It looks for changes only while a client waits for them, at most `framesPerSecond` times a second.
// No access control: whoever may open the socket sees and steers the VM.
import { createServer, type Server } from 'node:net'
import type { EngineError } from '../error.ts'
import type { Frame, FrameSource, InputEvent } from './frame-source.ts'
import { RfbSession } from './session.ts'
import { Shadow } from './shadow.ts'

const MOST_CLIENTS = 16
/** As QEMU's, which looks every 30 ms. */
const FRAMES_PER_SECOND = 1000 / 30

export interface RfbServerOptions {
  readonly socket: string
  readonly name: string
  readonly source: FrameSource
  readonly framesPerSecond?: number
  onInput(event: InputEvent): void
  /** A client left, or was put out for breaking the protocol. */
  onClientGone?(reason: EngineError): void
}

export interface RfbServer {
  readonly clients: number
  close(): Promise<void>
}

/** Listens when it resolves. */
export async function startRfbServer(options: RfbServerOptions): Promise<RfbServer> {
  const server = new SharedScreen(options)
  await server.listen(options.socket)
  return server
}

class SharedScreen implements RfbServer {
  private readonly options: RfbServerOptions
  private readonly server: Server
  private readonly sessions = new Set<RfbSession>()
  private readonly closers = new Map<RfbSession, () => void>()
  private readonly interval: number
  private frame: Frame
  private readonly shadow: Shadow
  private timer: NodeJS.Timeout | null = null
  /** When it may look again, of `performance.now()`. */
  private due = 0

  constructor(options: RfbServerOptions) {
    this.options = options
    this.interval = 1000 / (options.framesPerSecond ?? FRAMES_PER_SECOND)
    this.frame = options.source.capture().frame
    this.shadow = new Shadow(this.frame)
    this.server = createServer({ noDelay: true }, (socket) => {
      if (this.sessions.size >= MOST_CLIENTS) return void socket.destroy()
      const session = new RfbSession(socket, {
        name: options.name,
        frame: () => this.frame,
        newest: () => {
          this.tick()
          return this.frame
        },
        input: (event) => options.onInput(event),
        wanted: () => this.schedule(),
      })
      this.sessions.add(session)
      this.closers.set(session, () => socket.destroy())
      session.serve().then((reason) => {
        this.sessions.delete(session)
        this.closers.delete(session)
        options.onClientGone?.(reason)
      })
    })
  }

  get clients(): number {
    return this.sessions.size
  }

  listen(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject)
      this.server.listen(path, () => resolve())
    })
  }

  async close(): Promise<void> {
    if (this.timer !== null) clearTimeout(this.timer)
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()))
    for (const close of this.closers.values()) close()
    await closed
  }

  private schedule(): void {
    this.timer ??= setTimeout(
      () => {
        this.timer = null
        // A late turn does not make the next one late, as long as it is not late by a whole one.
        const now = performance.now()
        this.due = (now - this.due < this.interval ? this.due : now) + this.interval
        this.tick()
      },
      Math.max(0, this.due - performance.now()),
    )
  }

  private tick(): void {
    const { frame, changed } = this.options.source.capture()
    this.frame = frame
    if (changed !== null) {
      const tiles = this.shadow.update(frame, changed)
      for (const session of this.sessions) session.changed(tiles)
    }
    for (const session of this.sessions) session.flush().catch(() => this.closers.get(session)?.())
    if ([...this.sessions].some((session) => session.waiting)) this.schedule()
  }
}
