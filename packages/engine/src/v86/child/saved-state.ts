// SPDX-License-Identifier: Apache-2.0
//
// A v86 state on the parent's state socket: magic, length of the notes, notes (JSON), zstd of what v86 saved. Sealing is the parent's business.
import { connect } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { constants, createZstdCompress, zstdDecompressSync } from 'node:zlib'
import { EngineError } from '../../error.ts'
import type { QueuedWrite } from './disk.ts'

const MAGIC = Buffer.from('CMV86ST1', 'ascii')
const MOST_NOTES = 64 * 1024 * 1024

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
  const head = Buffer.alloc(12)
  MAGIC.copy(head)
  head.writeUInt32BE(json.length, 8)
  channel.write(head)
  channel.write(json)
  const compress = createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 1 } })
  await pipeline([new Uint8Array(state)], compress, channel)
}

/** Reads to the end of the connection. @throws EngineError `state-altered` for bytes that `sendState` did not write. */
export async function receiveState(socket: string, largest: number): Promise<{ state: ArrayBuffer; notes: StateNotes }> {
  const chunks: Buffer[] = []
  for await (const chunk of connect({ path: socket, allowHalfOpen: true })) chunks.push(chunk)
  const bytes = Buffer.concat(chunks)
  if (bytes.length < 12 || !bytes.subarray(0, 8).equals(MAGIC)) throw new EngineError('state-altered', 'this is no v86 state')
  const notesEnd = 12 + bytes.readUInt32BE(8)
  if (notesEnd > bytes.length || notesEnd > MOST_NOTES) throw new EngineError('state-altered', 'the v86 state ends within its notes')
  const plain = zstdDecompressSync(bytes.subarray(notesEnd), { maxOutputLength: largest })
  const state = new ArrayBuffer(plain.length)
  new Uint8Array(state).set(plain)
  return { state, notes: parseNotes(JSON.parse(bytes.subarray(12, notesEnd).toString('utf8'))) }
}

function parseNotes(found: unknown): StateNotes {
  const clock = field(found, 'clock')
  const disks = field(found, 'disks')
  if (typeof clock !== 'number' || !Array.isArray(disks)) throw new EngineError('state-altered', 'the v86 state has unreadable notes')
  return {
    clock,
    disks: disks.map((disk: unknown) => {
      const writes = field(disk, 'writes')
      if (!Array.isArray(writes)) throw new EngineError('state-altered', 'the v86 state has unreadable notes')
      return { command: field(disk, 'command') === true, writes: writes.map(parseWrite) }
    }),
  }
}

function parseWrite(found: unknown): QueuedWrite {
  const offset = field(found, 'offset')
  const base64 = field(found, 'base64')
  if (typeof offset !== 'number' || typeof base64 !== 'string') throw new EngineError('state-altered', 'the v86 state has unreadable notes')
  return { offset, data: Buffer.from(base64, 'base64') }
}

function field(owner: unknown, name: string): unknown {
  return typeof owner === 'object' && owner !== null ? Reflect.get(owner, name) : undefined
}
