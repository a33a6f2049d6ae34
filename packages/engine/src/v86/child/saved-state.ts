// SPDX-License-Identifier: Apache-2.0
//
// A v86 state on the parent's state socket: magic, length of the notes, length of the state, notes (JSON), zstd of what v86 saved.
// Sealing is the parent's business.
import { connect } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { constants, createZstdCompress, type ZstdOptions, zstdDecompress } from 'node:zlib'
import { EngineError } from '../../error.ts'
import type { QueuedWrite } from './disk.ts'

const MAGIC = Buffer.from('CMV86ST1', 'ascii')
const HEAD_BYTES = 20
const unpack = promisify<Buffer, ZstdOptions, Buffer>(zstdDecompress)

/** What v86 does not save: guest time, and per disk what a starved save left open. */
export interface StateNotes {
  readonly clock: number
  readonly disks: readonly { readonly writes: readonly QueuedWrite[]; readonly command: boolean }[]
}

export async function sendState(socket: string, state: ArrayBuffer, notes: StateNotes): Promise<void> {
  const channel = connect({ path: socket, allowHalfOpen: true })
  const disks = notes.disks.map((disk) => ({
    command: disk.command,
    writes: disk.writes.map((write) => ({ offset: write.offset, base64: write.data.toString('base64') })),
  }))
  const json = Buffer.from(JSON.stringify({ clock: notes.clock, disks }))
  const head = Buffer.alloc(HEAD_BYTES)
  MAGIC.copy(head)
  head.writeUInt32BE(json.length, 8)
  head.writeBigUInt64BE(BigInt(state.byteLength), 12)
  channel.write(Buffer.concat([head, json]))
  const compress = createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 1 } })
  await pipeline([new Uint8Array(state)], compress, channel)
}

export interface ReceivedState {
  readonly notes: StateNotes
  /** Off the main thread. @throws EngineError `state-altered` */
  readonly unpacked: Promise<ArrayBuffer>
}

/**
 * Reads to the end of the connection; unpacking has begun then.
 * @throws EngineError `state-altered` for bytes that `sendState` did not write, or a state of over `largest` bytes.
 */
export async function receiveState(socket: string, largest: number): Promise<ReceivedState> {
  const chunks: Buffer[] = []
  for await (const chunk of connect({ path: socket, allowHalfOpen: true })) chunks.push(chunk)
  const bytes = Buffer.concat(chunks)
  if (bytes.length < HEAD_BYTES || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) throw altered('has another head')
  const notesEnd = HEAD_BYTES + bytes.readUInt32BE(8)
  const length = Number(bytes.readBigUInt64BE(12))
  if (notesEnd > bytes.length) throw altered('ends within its notes')
  if (length === 0 || length > largest) throw altered(`claims ${length} bytes, at most ${largest} are taken`)
  const notes = parseNotes(JSON.parse(bytes.toString('utf8', HEAD_BYTES, notesEnd)))
  const unpacked = unpackState(bytes.subarray(notesEnd), length)
  // Whoever awaits it hears of a failure; until then it is no unhandled one.
  unpacked.catch(() => undefined)
  return { notes, unpacked }
}

async function unpackState(packed: Buffer, length: number): Promise<ArrayBuffer> {
  // One piece of output: pieces of the default size cost more than the unpacking.
  const plain = await unpack(packed, { chunkSize: length, maxOutputLength: length })
  if (plain.length !== length) throw altered(`has ${plain.length} of the ${length} bytes it claims`)
  return toArrayBuffer(plain)
}

/** Its own memory where it is that exactly, a copy otherwise. */
function toArrayBuffer(bytes: Buffer): ArrayBuffer {
  if (bytes.buffer instanceof ArrayBuffer && bytes.buffer.byteLength === bytes.length) return bytes.buffer
  const copy = new ArrayBuffer(bytes.length)
  new Uint8Array(copy).set(bytes)
  return copy
}

function altered(what: string): EngineError {
  return new EngineError('state-altered', `the v86 state ${what}`)
}

function parseNotes(found: unknown): StateNotes {
  const clock = field(found, 'clock')
  const disks = field(found, 'disks')
  if (typeof clock !== 'number' || !Array.isArray(disks)) throw altered('has unreadable notes')
  return {
    clock,
    disks: disks.map((disk: unknown) => {
      const writes = field(disk, 'writes')
      if (!Array.isArray(writes)) throw altered('has unreadable notes')
      return { command: field(disk, 'command') === true, writes: writes.map(parseWrite) }
    }),
  }
}

function parseWrite(found: unknown): QueuedWrite {
  const offset = field(found, 'offset')
  const base64 = field(found, 'base64')
  if (typeof offset !== 'number' || typeof base64 !== 'string') throw altered('has unreadable notes')
  return { offset, data: Buffer.from(base64, 'base64') }
}

function field(owner: unknown, name: string): unknown {
  return typeof owner === 'object' && owner !== null ? Reflect.get(owner, name) : undefined
}
