// SPDX-License-Identifier: Apache-2.0
//
// Numbers and layouts of the NBD protocol (github.com/NetworkBlockDevice/nbd, doc/proto.md) that the server speaks.

export const magic = {
  greeting: 0x4e42444d41474943n,
  option: 0x49484156454f5054n,
  optionReply: 0x3e889045565a9n,
  request: 0x25609513,
  simpleReply: 0x67446698,
  structuredReply: 0x668e33ef,
} as const

export const handshakeFlag = { fixedNewstyle: 1, noZeroes: 2 } as const

export const option = {
  exportName: 1,
  abort: 2,
  list: 3,
  info: 6,
  go: 7,
  structuredReply: 8,
  listMetaContext: 9,
  setMetaContext: 10,
} as const

export const optionReply = { ack: 1, server: 2, info: 3, metaContext: 4 } as const
export const optionError = { unsupported: 0x80000001, invalid: 0x80000003, unknown: 0x80000006, tooBig: 0x80000009 } as const

export const info = { export: 0, name: 1, blockSize: 3 } as const

export const exportFlag = {
  hasFlags: 1,
  readOnly: 1 << 1,
  flush: 1 << 2,
  fua: 1 << 3,
  trim: 1 << 5,
  writeZeroes: 1 << 6,
  dontFragment: 1 << 7,
  multiConn: 1 << 8,
} as const

export const command = { read: 0, write: 1, disconnect: 2, flush: 3, trim: 4, writeZeroes: 6, blockStatus: 7 } as const
export const commandFlag = { fua: 1, noHole: 1 << 1, dontFragment: 1 << 2, requestOne: 1 << 3 } as const

export const chunkFlag = { done: 1 } as const
export const chunkType = { none: 0, offsetData: 1, offsetHole: 2, blockStatus: 5, error: 0x8001 } as const
export const allocation = { name: 'base:allocation', id: 1, hole: 1, zero: 2 } as const

export const errno = { permission: 1, io: 5, invalid: 22, noSpace: 28, overflow: 75, unsupported: 95 } as const

/** Largest payload of a request or a reply: what every client may assume (section "Block size constraints"). */
export const longestPayload = 33_554_432
export const requestBytes = 28

export interface Request {
  readonly flags: number
  readonly type: number
  readonly cookie: bigint
  readonly offset: bigint
  readonly length: number
}

/** @param header 28 bytes. @returns null for a wrong magic. */
export function decodeRequest(header: Buffer): Request | null {
  if (header.readUInt32BE(0) !== magic.request) return null
  return {
    flags: header.readUInt16BE(4),
    type: header.readUInt16BE(6),
    cookie: header.readBigUInt64BE(8),
    offset: header.readBigUInt64BE(16),
    length: header.readUInt32BE(24),
  }
}

export function encodeOptionReply(toOption: number, type: number, data: Uint8Array = Buffer.alloc(0)): Buffer {
  const reply = Buffer.alloc(20 + data.length)
  reply.writeBigUInt64BE(magic.optionReply, 0)
  reply.writeUInt32BE(toOption, 8)
  reply.writeUInt32BE(type, 12)
  reply.writeUInt32BE(data.length, 16)
  reply.set(data, 20)
  return reply
}

export function encodeSimpleReply(cookie: bigint, error: number): Buffer {
  const reply = Buffer.alloc(16)
  reply.writeUInt32BE(magic.simpleReply, 0)
  reply.writeUInt32BE(error, 4)
  reply.writeBigUInt64BE(cookie, 8)
  return reply
}

/** Header of a structured reply chunk whose payload has `length` bytes. */
export function encodeChunkHead(cookie: bigint, type: number, done: boolean, length: number): Buffer {
  const head = Buffer.alloc(20)
  head.writeUInt32BE(magic.structuredReply, 0)
  head.writeUInt16BE(done ? chunkFlag.done : 0, 4)
  head.writeUInt16BE(type, 6)
  head.writeBigUInt64BE(cookie, 8)
  head.writeUInt32BE(length, 16)
  return head
}

export function uint32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4)
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, index * 4)
  return bytes
}

export function uint64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(value)
  return bytes
}
