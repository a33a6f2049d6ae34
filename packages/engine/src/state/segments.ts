// SPDX-License-Identifier: Apache-2.0
import { createCipheriv, createDecipheriv } from 'node:crypto'
import { EngineError } from '../error.ts'
import { segmentLength, segmentNonce, tagLength } from './format.ts'

type ByteSource = AsyncIterable<Uint8Array> | Iterable<Uint8Array>

/** Plain bytes in pieces of any length -> sealed segments. The last one is empty only if there was nothing at all. */
export async function* sealSegments(key: Uint8Array, source: ByteSource): AsyncGenerator<Uint8Array> {
  let index = 0
  for await (const { bytes, last } of cut(source, segmentLength)) {
    const cipher = createCipheriv('aes-256-gcm', key, segmentNonce(index++, last))
    yield Buffer.concat([cipher.update(bytes), cipher.final(), cipher.getAuthTag()])
  }
}

/** Reads at `position` into `buffer`; gives how many bytes there were, at most its length. */
export type ReadAt = (buffer: Uint8Array, position: number) => Promise<number>

/**
 * The sealed bytes from `start` up to `end` -> plain segments, each authentic before it is yielded. A suspended state is as large as a guest's
 * memory: what is read goes into one buffer, again and again.
 * @throws EngineError `state-altered` at the first segment that is not the next one of this file, and where the file ends early or late.
 */
export async function* openSegments(key: Uint8Array, read: ReadAt, start: number, end: number): AsyncGenerator<Uint8Array> {
  const sealed = Buffer.allocUnsafe(segmentLength + tagLength)
  let index = 0
  let position = start
  do {
    const length = Math.min(sealed.length, end - position)
    if (length < tagLength || (length === tagLength && index > 0) || !(await fill(read, sealed.subarray(0, length), position))) {
      throw new EngineError('state-altered', `segment ${index} of the suspended state is cut short`)
    }
    position += length
    const decipher = createDecipheriv('aes-256-gcm', key, segmentNonce(index, position === end))
    decipher.setAuthTag(sealed.subarray(length - tagLength, length))
    const plain = decipher.update(sealed.subarray(0, length - tagLength))
    try {
      decipher.final()
    } catch (cause) {
      throw new EngineError('state-altered', `segment ${index} of the suspended state does not verify`, cause)
    }
    index += 1
    yield plain
  } while (position < end)
}

/** @returns whether there was enough to fill it. */
async function fill(read: ReadAt, buffer: Uint8Array, position: number): Promise<boolean> {
  for (let filled = 0; filled < buffer.length; ) {
    const count = await read(buffer.subarray(filled), position + filled)
    if (count === 0) return false
    filled += count
  }
  return true
}

/** Re-cuts to `length` bytes a piece; knows the last one by looking one byte ahead, so a full last piece is still marked. */
async function* cut(source: ByteSource, length: number): AsyncGenerator<{ bytes: Uint8Array; last: boolean }> {
  let held = Buffer.allocUnsafe(length)
  let used = 0
  for await (const piece of source) {
    let offset = 0
    while (offset < piece.length) {
      if (used === length) {
        yield { bytes: held, last: false }
        held = Buffer.allocUnsafe(length)
        used = 0
      }
      const taken = piece.subarray(offset, offset + length - used)
      held.set(taken, used)
      used += taken.length
      offset += taken.length
    }
  }
  yield { bytes: held.subarray(0, used), last: true }
}
