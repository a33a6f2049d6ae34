// SPDX-License-Identifier: Apache-2.0
//
// Ethernet frames on a byte stream, each behind its length (4 bytes, big-endian), as QEMU's `-netdev stream` and passt speak.
import { EngineError } from '../error.ts'

const MIN_FRAME = 14
/** The largest IP packet behind an Ethernet header. */
export const MAX_FRAME = 14 + 65_535

/** Cuts a stream into frames; holds at most one unfinished frame. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0)

  /** Every frame that `chunk` completes, as views on the bytes received. @throws EngineError `network-protocol` for an impossible length. */
  push(chunk: Buffer): readonly Buffer[] {
    const all = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const frames: Buffer[] = []
    let at = 0
    while (all.length - at >= 4) {
      const length = all.readUInt32BE(at)
      if (length < MIN_FRAME || length > MAX_FRAME) {
        throw new EngineError('network-protocol', `a frame of \`${length}\` bytes, expected ${MIN_FRAME} to ${MAX_FRAME}`)
      }
      if (all.length - at - 4 < length) break
      frames.push(all.subarray(at + 4, at + 4 + length))
      at += 4 + length
    }
    this.#rest = all.subarray(at)
    return frames
  }
}

export function frameHeader(frame: Uint8Array): Buffer {
  const header = Buffer.allocUnsafe(4)
  header.writeUInt32BE(frame.length)
  return header
}
