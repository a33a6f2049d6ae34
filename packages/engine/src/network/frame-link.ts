// SPDX-License-Identifier: Apache-2.0
import type { Socket } from 'node:net'
import { EngineError } from '../error.ts'
import { FrameReader, frameHeader } from './frame-stream.ts'

export interface FrameLinkEvents {
  onFrame(frame: Buffer): void
  /** After each batch of frames, and when what was sent has been taken. */
  onBatch(): void
  /** Once; `error` where the other side broke the framing (`network-protocol`). */
  onEnd(error: EngineError | null): void
}

/** One side of the switch: ethernet frames over a stream socket, sent in batches. */
export class FrameLink {
  readonly #socket: Socket
  readonly #reader = new FrameReader()

  constructor(socket: Socket, events: FrameLinkEvents) {
    this.#socket = socket
    let failure: EngineError | null = null
    socket.on('data', (chunk: Buffer) => {
      socket.cork()
      try {
        for (const frame of this.#reader.push(chunk)) events.onFrame(frame)
      } catch (error) {
        failure = error instanceof EngineError ? error : new EngineError('network-protocol', 'a frame could not be dealt with', error)
        socket.destroy()
      }
      socket.uncork()
      events.onBatch()
    })
    socket.on('drain', () => events.onBatch())
    // The other side may vanish at any time: `close` follows and tells of it.
    socket.on('error', () => socket.destroy())
    socket.on('end', () => socket.destroy())
    socket.on('close', () => events.onEnd(failure))
  }

  /** The other side does not take as much as it is sent. */
  get congested(): boolean {
    return this.#socket.writableNeedDrain
  }

  /** Two writes in one batch: the frame is not copied to stand behind its length. */
  send(frame: Buffer): void {
    if (this.#socket.destroyed) return
    this.#socket.cork()
    this.#socket.write(frameHeader(frame))
    this.#socket.write(frame)
    this.#socket.uncork()
  }

  setReading(reading: boolean): void {
    if (reading === this.#socket.isPaused()) reading ? this.#socket.resume() : this.#socket.pause()
  }

  close(): void {
    this.#socket.destroy()
  }
}
