// SPDX-License-Identifier: Apache-2.0
//
// The message that is sealed: codec (1 byte) | payload length (4, big-endian) | payload | zeros up to a multiple of 4 KiB.
// The padding hides the exact length of what was compressed. A message has one reading: what is not written so is refused.
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { release } from './release.ts'

const headBytes = 5
const unit = 4096
const zeros = Buffer.alloc(unit)
const raw = 0
const zstd = 1
/** 4 MiB: no frame of ours needs more, so none makes its reader allocate more. */
const largestWindowLog = 22

/**
 * Room for any frame (ZSTD_COMPRESSBOUND) and one byte more: when a frame fills the room that Node gives the compressor to its last byte,
 * Node asks for more and gets a second, empty frame, which no reader takes.
 */
const longestFrame = (plainLength: number): number => plainLength + (plainLength >> 8) + 128

/** Says why a message is not what its index promises. */
export type Refuse = (why: string, cause?: unknown) => Error

const padded = (length: number): number => Math.ceil(length / unit) * unit

/** Whether a message for `plainLength` bytes may have `length` bytes: whole units, at most those that hold the bytes raw. */
export function isMessageLength(length: number, plainLength: number): boolean {
  return length >= unit && length % unit === 0 && length <= padded(headBytes + plainLength)
}

/**
 * Blocks its thread. Compressed only where that saves a unit; otherwise reading it back would cost time for nothing. The compressor is told
 * how much is to come, so that it prepares tables for that much and no more.
 * @returns a buffer that shares its memory with nobody.
 */
export function encodeMessage(plain: Uint8Array): Buffer<ArrayBuffer> {
  const frame = zstdCompressSync(plain, { chunkSize: longestFrame(plain.length), pledgedSrcSize: plain.length })
  const shrinks = padded(headBytes + frame.length) < padded(headBytes + plain.length)
  const payload = shrinks ? frame : plain
  const message = Buffer.allocUnsafeSlow(padded(headBytes + payload.length)).fill(0, headBytes + payload.length)
  message.writeUInt8(shrinks ? zstd : raw, 0)
  message.writeUInt32BE(payload.length, 1)
  message.set(payload, headBytes)
  release(frame)
  return message
}

/**
 * Blocks its thread: readers call it on threads of their own (`read/opening-pool.ts`).
 * @returns exactly `plainLength` bytes; never allocates more for a frame that would grow beyond.
 */
export function decodeMessage(message: Buffer, plainLength: number, refuse: Refuse): Buffer {
  if (!isMessageLength(message.length, plainLength)) throw refuse(`expected a message for ${plainLength} bytes, found ${message.length} bytes`)
  const codec = message.readUInt8(0)
  const length = message.readUInt32BE(1)
  const end = headBytes + length
  if (padded(end) !== message.length) throw refuse(`expected a payload that fills ${message.length} bytes, found ${length} declared`)
  if (!message.subarray(end).equals(zeros.subarray(0, message.length - end))) throw refuse('expected padding of zeros')
  const payload = message.subarray(headBytes, end)
  const plain = codec === zstd ? inflate(payload, plainLength, refuse) : payload
  if (codec !== zstd && codec !== raw) throw refuse(`expected codec ${raw} or ${zstd}, found ${codec}`)
  if (plain.length !== plainLength) throw refuse(`expected ${plainLength} bytes of content, found ${plain.length}`)
  return plain
}

function inflate(payload: Buffer, plainLength: number, refuse: Refuse): Buffer {
  try {
    return zstdDecompressSync(payload, {
      maxOutputLength: plainLength,
      // The odd bytes let it see the end of the frame in its first pass.
      chunkSize: plainLength + 64,
      rejectGarbageAfterEnd: true,
      params: { [constants.ZSTD_d_windowLogMax]: largestWindowLog },
    })
  } catch (cause) {
    throw refuse(`expected a zstd frame of ${plainLength} bytes`, cause)
  }
}
