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

/**
 * Sealed bytes in pieces of any length -> plain segments, each authentic before it is yielded.
 * @throws EngineError `state-altered` at the first segment that is not the next one of this file, and where the file ends early or late.
 */
export async function* openSegments(key: Uint8Array, source: ByteSource): AsyncGenerator<Uint8Array> {
  let index = 0
  for await (const { bytes, last } of cut(source, segmentLength + tagLength)) {
    if (bytes.length < tagLength || (bytes.length === tagLength && index > 0)) {
      throw new EngineError('state-altered', `segment ${index} of the suspended state is cut short`)
    }
    const decipher = createDecipheriv('aes-256-gcm', key, segmentNonce(index, last))
    decipher.setAuthTag(bytes.subarray(bytes.length - tagLength))
    const plain = decipher.update(bytes.subarray(0, bytes.length - tagLength))
    try {
      decipher.final()
    } catch (cause) {
      throw new EngineError('state-altered', `segment ${index} of the suspended state does not verify`, cause)
    }
    index += 1
    yield plain
  }
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
