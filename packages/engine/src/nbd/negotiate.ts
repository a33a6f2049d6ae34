// SPDX-License-Identifier: Apache-2.0
//
// The handshake of a fixed newstyle NBD client: greeting, one NBD_OPT_GO, simple replies.
import type { Socket } from 'node:net'
import { EngineError } from '../error.ts'
import type { ByteReader } from './byte-reader.ts'
import * as wire from './wire.ts'

/** What the server said about the export; sizes in bytes. */
export interface NbdExportInfo {
  readonly size: number
  readonly flags: number
  readonly maximumPayload: number
}

const LONGEST_REPLY = 64 * 1024
const DEFAULT_PAYLOAD = 32 * 1024 * 1024

/** @throws EngineError `nbd-protocol` where the server does not speak it or refuses the export. */
export async function negotiate(socket: Socket, reader: ByteReader, name: string): Promise<NbdExportInfo> {
  const greeting = await reader.read(18)
  expectMagic(greeting.readBigUInt64BE(0), wire.NBD_MAGIC, 'greeting')
  expectMagic(greeting.readBigUInt64BE(8), wire.OPTION_MAGIC, 'newstyle greeting')
  const offered = greeting.readUInt16BE(16)
  if ((offered & wire.FLAG_FIXED_NEWSTYLE) === 0) throw new EngineError('nbd-protocol', 'the NBD server does not offer fixed newstyle')
  const flags = Buffer.alloc(4)
  flags.writeUInt32BE(wire.FLAG_FIXED_NEWSTYLE | (offered & wire.FLAG_NO_ZEROES))
  socket.write(Buffer.concat([flags, wire.encodeGo(name)]))
  return await readGoReplies(reader, name)
}

async function readGoReplies(reader: ByteReader, name: string): Promise<NbdExportInfo> {
  let size: number | null = null
  let flags = 0
  let maximumPayload = DEFAULT_PAYLOAD
  for (;;) {
    const { type, data } = await readReply(reader)
    if (type === wire.REPLY_ACK) {
      if (size === null) throw new EngineError('nbd-protocol', `the NBD server gave no size for export \`${name}\``)
      return { size, flags, maximumPayload }
    }
    if (type !== wire.REPLY_INFO) throw new EngineError('nbd-protocol', `the NBD server refused export \`${name}\`: ${explain(type, data)}`)
    if (data.length < 2) throw new EngineError('nbd-protocol', 'an NBD info reply is shorter than its type')
    const info = data.readUInt16BE(0)
    if (info === wire.INFO_EXPORT) {
      if (data.length !== 12) throw new EngineError('nbd-protocol', `NBD export info: expected 12 bytes, found ${data.length}`)
      size = toSize(data.readBigUInt64BE(2))
      flags = data.readUInt16BE(10)
    } else if (info === wire.INFO_BLOCK_SIZE) {
      if (data.length !== 14) throw new EngineError('nbd-protocol', `NBD block sizes: expected 14 bytes, found ${data.length}`)
      maximumPayload = Math.min(DEFAULT_PAYLOAD, Math.max(data.readUInt32BE(10), 4096))
    }
  }
}

async function readReply(reader: ByteReader): Promise<{ type: number; data: Buffer }> {
  const header = await reader.read(20)
  expectMagic(header.readBigUInt64BE(0), wire.OPTION_REPLY_MAGIC, 'option reply')
  const option = header.readUInt32BE(8)
  if (option !== wire.OPTION_GO) throw new EngineError('nbd-protocol', `NBD reply to option ${option}, expected ${wire.OPTION_GO}`)
  const length = header.readUInt32BE(16)
  if (length > LONGEST_REPLY) throw new EngineError('nbd-protocol', `an NBD option reply of ${length} bytes, at most ${LONGEST_REPLY} are taken`)
  return { type: header.readUInt32BE(12), data: await reader.read(length) }
}

function expectMagic(found: bigint, expected: bigint, what: string): void {
  if (found !== expected) throw new EngineError('nbd-protocol', `NBD ${what}: expected magic ${expected.toString(16)}, found ${found.toString(16)}`)
}

function toSize(size: bigint): number {
  if (size > BigInt(Number.MAX_SAFE_INTEGER)) throw new EngineError('nbd-protocol', `an NBD export of ${size} bytes is too large`)
  return Number(size)
}

function explain(type: number, data: Buffer): string {
  const text = data
    .subarray(0, 200)
    .toString('utf8')
    .replace(/[^\x20-\x7e]/g, '?')
  return `reply ${(type >>> 0).toString(16)}${text === '' ? '' : ` (${text})`}`
}
