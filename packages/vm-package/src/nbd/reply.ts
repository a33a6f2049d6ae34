// SPDX-License-Identifier: Apache-2.0
//
// Replies as byte strings. With structured replies agreed on, reads answer zero runs as holes; otherwise replies are simple ones.
import type { Extent } from '../read/block-device.ts'
import type { Agreement } from './handshake.ts'
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

/** Reads everything before the first byte is sent, so that an error can still be said. */
export async function dataReply({ device, structured }: Agreement, { cookie, flags, offset, length }: wire.Request): Promise<Parts> {
  const start = Number(offset)
  if (!structured) return [wire.encodeSimpleReply(cookie, 0), await device.read(start, length)]
  if (length === 0) return [wire.encodeChunkHead(cookie, wire.chunkType.none, true, 0)]
  const whole = (flags & wire.commandFlag.dontFragment) !== 0 || length < holesFrom
  const extents = whole || device.extents === undefined ? [{ length, zero: false }] : await device.extents(start, length)
  const parts: Uint8Array[] = []
  let at = start
  for (const [index, extent] of extents.entries()) {
    const last = index === extents.length - 1
    if (extent.zero)
      parts.push(wire.encodeChunkHead(cookie, wire.chunkType.offsetHole, last, 12), wire.uint64(BigInt(at)), wire.uint32(extent.length))
    else {
      const data = await device.read(at, extent.length)
      parts.push(wire.encodeChunkHead(cookie, wire.chunkType.offsetData, last, 8 + data.length), wire.uint64(BigInt(at)), data)
    }
    at += extent.length
  }
  return parts
}

export async function allocationReply({ device }: Agreement, { cookie, flags, offset, length }: wire.Request): Promise<Parts> {
  const known = (await device.extents?.(Number(offset), length)) ?? [{ length, zero: false }]
  const extents = known.slice(0, (flags & wire.commandFlag.requestOne) !== 0 ? 1 : mostExtents)
  const state = ({ zero }: Extent) => (zero ? wire.allocation.hole | wire.allocation.zero : 0)
  const payload = wire.uint32(wire.allocation.id, ...extents.flatMap((extent) => [extent.length, state(extent)]))
  return [wire.encodeChunkHead(cookie, wire.chunkType.blockStatus, true, payload.length), payload]
}
