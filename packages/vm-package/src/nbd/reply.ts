// SPDX-License-Identifier: Apache-2.0
//
// Replies as byte strings. With structured replies agreed on, reads answer zero runs as holes; otherwise replies are simple ones.
import type { Extent } from '../read/block-device.ts'
import type { Agreement } from './handshake.ts'
import type { ReplyBuffers } from './reply-buffers.ts'
import * as wire from './wire.ts'

/** An extent list may describe less than was asked for (section "NBD_CMD_BLOCK_STATUS"). */
const mostExtents = 4096
/** Below this, telling holes from data costs more than sending zeros. */
const holesFrom = 65_536

type Parts = readonly Uint8Array[]

export function okReply({ cookie }: wire.Request): Parts {
  return [wire.encodeSimpleReply(cookie, 0)]
}

/** @param text for people, in structured replies. */
export function errorReply({ structured }: Agreement, { type, cookie }: wire.Request, errno: number, text: string): Parts {
  if (!structured || (type !== wire.command.read && type !== wire.command.blockStatus)) return [wire.encodeSimpleReply(cookie, errno)]
  const message = Buffer.from(text)
  const head = Buffer.alloc(6)
  head.writeUInt32BE(errno, 0)
  head.writeUInt16BE(message.length, 4)
  return [wire.encodeChunkHead(cookie, wire.chunkType.error, true, head.length + message.length), head, message]
}

export interface DataReply {
  readonly parts: Parts
  /** Those of them that the device takes back. */
  readonly data: Parts
}

/** Reads everything before the first byte is sent, so that an error can still be said. */
export async function dataReply({ device, structured }: Agreement, { cookie, flags, offset, length }: wire.Request): Promise<DataReply> {
  const start = Number(offset)
  const data: Uint8Array[] = []
  const read = async (at: number, bytes: number) => {
    const piece = await device.read(at, bytes)
    data.push(piece)
    return piece
  }
  if (!structured) return { parts: [wire.encodeSimpleReply(cookie, 0), await read(start, length)], data }
  if (length === 0) return { parts: [wire.encodeChunkHead(cookie, wire.chunkType.none, true, 0)], data }
  const whole = (flags & wire.commandFlag.dontFragment) !== 0 || length < holesFrom
  const extents = whole || device.extents === undefined ? [{ length, zero: false }] : await device.extents(start, length)
  let at = start
  const pieces = extents.map((extent, index) => {
    const piece = { at, extent, last: index === extents.length - 1 }
    at += extent.length
    return piece
  })
  const parts = await Promise.all(
    pieces.map(async ({ at, extent, last }): Promise<Parts> => {
      if (extent.zero) return [wire.encodeChunkHead(cookie, wire.chunkType.offsetHole, last, 12), wire.uint64(BigInt(at)), wire.uint32(extent.length)]
      const piece = await read(at, extent.length)
      return [wire.encodeChunkHead(cookie, wire.chunkType.offsetData, last, 8 + piece.length), wire.uint64(BigInt(at)), piece]
    }),
  )
  return { parts: parts.flat(), data }
}

/** Of a reply that `dataReplyNow` makes. */
export const longestReplyNow = 28 + holesFrom

/**
 * The same, in one piece, for bytes that the device has at hand; null when it has not. A short read is worth one copy.
 * @param buffers of at least `longestReplyNow` bytes; they get it back from whoever has sent it.
 */
export function dataReplyNow({ device, structured }: Agreement, { cookie, offset, length }: wire.Request, buffers: ReplyBuffers): Buffer | null {
  if (device.readNow === undefined || length === 0 || length >= holesFrom) return null
  const head = structured ? wire.encodeChunkHead(cookie, wire.chunkType.offsetData, true, 8 + length) : wire.encodeSimpleReply(cookie, 0)
  const dataAt = structured ? head.length + 8 : head.length
  const reply = buffers.take(dataAt + length)
  if (!device.readNow(Number(offset), reply.subarray(dataAt))) {
    buffers.giveBack(reply)
    return null
  }
  reply.set(head)
  if (structured) reply.writeBigUInt64BE(offset, head.length)
  return reply
}

export async function allocationReply({ device }: Agreement, { cookie, flags, offset, length }: wire.Request): Promise<Parts> {
  const known = (await device.extents?.(Number(offset), length)) ?? [{ length, zero: false }]
  const extents = known.slice(0, (flags & wire.commandFlag.requestOne) !== 0 ? 1 : mostExtents)
  const state = ({ zero }: Extent) => (zero ? wire.allocation.hole | wire.allocation.zero : 0)
  const payload = wire.uint32(wire.allocation.id, ...extents.flatMap((extent) => [extent.length, state(extent)]))
  return [wire.encodeChunkHead(cookie, wire.chunkType.blockStatus, true, payload.length), payload]
}
