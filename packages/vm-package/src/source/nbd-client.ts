// SPDX-License-Identifier: Apache-2.0
//
// As much of an NBD client as reading an image through `qemu-nbd` takes: fixed newstyle, structured replies, `base:allocation`; one
// request at a time. What the server says is checked: the images behind it are somebody else's.
import type { Socket } from 'node:net'
import { PackageError } from '../error.ts'
import { Peer } from '../nbd/peer.ts'
import * as wire from '../nbd/wire.ts'
import type { SourceExtent } from './disk-source.ts'

const longestOptionReply = 65_536
const mostReplies = 64

export class NbdClient {
  readonly #peer: Peer
  /** Bytes of the export. */
  readonly size: number

  constructor(peer: Peer, size: number) {
    this.#peer = peer
    this.size = size
  }

  /** @param into at most 32 MiB; all of it within the export. @throws PackageError `source-unreadable`, `nbd-protocol` */
  async read(offset: number, into: Buffer): Promise<void> {
    await this.#request(wire.command.read, offset, into.length)
    let missing = into.length
    for (let done = false; !done; ) {
      const chunk = await this.#chunk()
      done = chunk.done
      if (chunk.type === wire.chunkType.none) continue
      if (chunk.length < 8) throw protocol('a chunk that is too short')
      const at = Number((await this.#peer.read(8)).readBigUInt64BE(0)) - offset
      const hole = chunk.type === wire.chunkType.offsetHole
      const length = hole && chunk.length === 12 ? (await this.#peer.read(4)).readUInt32BE(0) : chunk.length - 8
      if ((!hole && chunk.type !== wire.chunkType.offsetData) || at < 0 || at + length > into.length)
        throw protocol('a chunk outside of what was asked for')
      if (hole) into.fill(0, at, at + length)
      else into.set(await this.#peer.read(length), at)
      missing -= length
    }
    if (missing !== 0) throw protocol('a reply that leaves bytes out')
  }

  /** From `offset` on, at least one. @throws PackageError `source-unreadable`, `nbd-protocol` */
  async extents(offset: number, length: number): Promise<readonly SourceExtent[]> {
    await this.#request(wire.command.blockStatus, offset, length)
    const extents: SourceExtent[] = []
    for (let done = false; !done; ) {
      const chunk = await this.#chunk()
      done = chunk.done
      if (chunk.type === wire.chunkType.none) continue
      if (chunk.type !== wire.chunkType.blockStatus || chunk.length % 8 !== 4 || chunk.length > wire.longestPayload) throw protocol('no block status')
      const payload = await this.#peer.read(chunk.length)
      for (let at = 4; at < payload.length; at += 8) {
        extents.push({ length: payload.readUInt32BE(at), zero: (payload.readUInt32BE(at + 4) & wire.allocation.zero) !== 0 })
      }
    }
    if (extents.length === 0 || extents.some((extent) => extent.length === 0)) throw protocol('a block status of nothing')
    return extents
  }

  close(): void {
    this.#peer.close()
  }

  async #request(type: number, offset: number, length: number): Promise<void> {
    const header = Buffer.alloc(wire.requestBytes)
    header.writeUInt32BE(wire.magic.request, 0)
    header.writeUInt16BE(type, 6)
    header.writeBigUInt64BE(BigInt(offset), 16)
    header.writeUInt32BE(length, 24)
    await this.#peer.write([header])
  }

  async #chunk(): Promise<{ readonly type: number; readonly done: boolean; readonly length: number }> {
    const head = await this.#peer.read(20)
    if (head.readUInt32BE(0) !== wire.magic.structuredReply) throw protocol('no structured reply')
    const [type, length] = [head.readUInt16BE(6), head.readUInt32BE(16)]
    if ((type & 0x8000) !== 0) {
      const payload = await this.#peer.read(Math.min(length, longestOptionReply))
      throw new PackageError('source-unreadable', `the image cannot be read: ${payload.toString('utf8', 6) || `error ${payload.readUInt32BE(0)}`}`)
    }
    return { type, done: (head.readUInt16BE(4) & wire.chunkFlag.done) !== 0, length }
  }
}

/** @returns a client of the export without a name. @throws PackageError `nbd-protocol` */
export async function greetNbd(socket: Socket): Promise<NbdClient> {
  const peer = new Peer(socket)
  const greeting = await peer.read(18)
  if (greeting.readBigUInt64BE(0) !== wire.magic.greeting || greeting.readBigUInt64BE(8) !== wire.magic.option) throw protocol('no greeting')
  await peer.write([wire.uint32(wire.handshakeFlag.fixedNewstyle | wire.handshakeFlag.noZeroes)])
  await negotiate(peer, wire.option.structuredReply, Buffer.alloc(0))
  const context = Buffer.from(wire.allocation.name)
  await negotiate(peer, wire.option.setMetaContext, Buffer.concat([wire.uint32(0, 1, context.length), context]))
  const facts = await negotiate(peer, wire.option.go, Buffer.alloc(6))
  const size = facts.find((data) => data.length === 12 && data.readUInt16BE(0) === wire.info.export)?.readBigUInt64BE(2)
  if (size === undefined || size > BigInt(Number.MAX_SAFE_INTEGER)) throw protocol('no size')
  return new NbdClient(peer, Number(size))
}

/** @returns the data of each reply before the acknowledgement. */
async function negotiate(peer: Peer, option: number, data: Buffer): Promise<readonly Buffer[]> {
  await peer.write([wire.uint64(wire.magic.option), wire.uint32(option, data.length), data])
  const replies: Buffer[] = []
  for (let count = 0; count < mostReplies; count += 1) {
    const head = await peer.read(20)
    const [type, length] = [head.readUInt32BE(12), head.readUInt32BE(16)]
    if (head.readBigUInt64BE(0) !== wire.magic.optionReply || length > longestOptionReply) throw protocol('no reply to an option')
    const reply = await peer.read(length)
    if (type === wire.optionReply.ack) return replies
    if (type >= 0x80000000) throw protocol(`a refusal of option ${option}: ${reply.toString('utf8')}`)
    replies.push(reply)
  }
  throw protocol('no end of replies')
}

function protocol(what: string): PackageError {
  return new PackageError('nbd-protocol', `expected an NBD server, found ${what}`)
}
