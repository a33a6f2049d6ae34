// SPDX-License-Identifier: Apache-2.0
//
// The option phase of fixed newstyle negotiation: ends with the export that the client chose, or with null when it went away.
// What cannot be parsed is answered with an error where the protocol has one, and ends the connection where it has not.
import { PackageError } from '../error.ts'
import type { BlockDevice } from '../read/block-device.ts'
import type { Peer } from './peer.ts'
import * as wire from './wire.ts'

/** What was agreed on. */
export interface Agreement {
  readonly name: string
  readonly device: BlockDevice
  readonly structured: boolean
  readonly allocation: boolean
}

export type Exports = ReadonlyMap<string, BlockDevice>

/** Longer than any export name (4096 bytes) with its queries. */
const longestOption = 65_536
const mostOptions = 128

/** @throws PackageError `nbd-protocol` */
export async function negotiate(peer: Peer, exports: Exports): Promise<Agreement | null> {
  const greeting = Buffer.alloc(18)
  greeting.writeBigUInt64BE(wire.magic.greeting, 0)
  greeting.writeBigUInt64BE(wire.magic.option, 8)
  greeting.writeUInt16BE(wire.handshakeFlag.fixedNewstyle | wire.handshakeFlag.noZeroes, 16)
  await peer.write([greeting])
  const flags = (await peer.read(4)).readUInt32BE(0)
  if ((flags & ~3) !== 0 || (flags & wire.handshakeFlag.fixedNewstyle) === 0) {
    throw new PackageError('nbd-protocol', `expected a fixed newstyle client, found flags ${flags}`)
  }
  const negotiation = new Negotiation(peer, exports, (flags & wire.handshakeFlag.noZeroes) !== 0)
  for (let count = 0; count < mostOptions; count += 1) {
    const header = await peer.read(16)
    if (header.readBigUInt64BE(0) !== wire.magic.option) throw new PackageError('nbd-protocol', 'expected an option, found another magic')
    const length = header.readUInt32BE(12)
    if (length > longestOption) throw new PackageError('nbd-protocol', `expected an option of at most ${longestOption} bytes, found ${length}`)
    const outcome = await negotiation.answer(header.readUInt32BE(8), await peer.read(length))
    if (outcome !== 'go-on') return outcome
  }
  throw new PackageError('nbd-protocol', `expected an export after at most ${mostOptions} options`)
}

type Outcome = Agreement | null | 'go-on'

class Negotiation {
  readonly #peer: Peer
  readonly #exports: Exports
  readonly #noZeroes: boolean
  #structured = false
  /** The export for which the client asked for `base:allocation`. */
  #allocationOf: string | null = null

  constructor(peer: Peer, exports: Exports, noZeroes: boolean) {
    this.#peer = peer
    this.#exports = exports
    this.#noZeroes = noZeroes
  }

  async answer(option: number, data: Buffer): Promise<Outcome> {
    switch (option) {
      case wire.option.exportName:
        return await this.#exportName(data.toString('utf8'))
      case wire.option.abort:
        await this.#reply(option, wire.optionReply.ack)
        return null
      case wire.option.list:
        return await this.#list(data)
      case wire.option.info:
      case wire.option.go:
        return await this.#go(option, data)
      case wire.option.structuredReply:
        if (data.length > 0) return await this.#reply(option, wire.optionError.invalid)
        this.#structured = true
        return await this.#reply(option, wire.optionReply.ack)
      case wire.option.listMetaContext:
      case wire.option.setMetaContext:
        return await this.#metaContext(option, data)
      default:
        return await this.#reply(option, wire.optionError.unsupported)
    }
  }

  /** The oldest way: there is no answer for an unknown name but to hang up. */
  async #exportName(name: string): Promise<Outcome> {
    const device = this.#exports.get(name)
    if (device === undefined) throw new PackageError('nbd-protocol', `no export \`${name}\``)
    const facts = encodeExport(device, this.#structured)
    await this.#peer.write(this.#noZeroes ? [facts] : [facts, Buffer.alloc(124)])
    return this.#agreement(name, device)
  }

  async #list(data: Buffer): Promise<Outcome> {
    if (data.length > 0) return await this.#reply(wire.option.list, wire.optionError.invalid)
    for (const name of this.#exports.keys()) {
      const bytes = Buffer.from(name)
      await this.#reply(wire.option.list, wire.optionReply.server, Buffer.concat([wire.uint32(bytes.length), bytes]))
    }
    return await this.#reply(wire.option.list, wire.optionReply.ack)
  }

  async #go(option: number, data: Buffer): Promise<Outcome> {
    const fields = new Fields(data)
    const name = fields.text()
    const wanted = fields.uint16() ?? -1
    if (name === null || wanted < 0 || fields.left !== wanted * 2) return await this.#reply(option, wire.optionError.invalid)
    const device = this.#exports.get(name)
    if (device === undefined) return await this.#reply(option, wire.optionError.unknown)
    const tell = (type: number, ...parts: Uint8Array[]) => this.#reply(option, wire.optionReply.info, Buffer.concat([uint16(type), ...parts]))
    await tell(wire.info.export, encodeExport(device, this.#structured))
    for (let index = 0; index < wanted; index += 1) {
      const type = fields.uint16()
      if (type === wire.info.name) await tell(type, Buffer.from(name))
      if (type === wire.info.blockSize) await tell(type, wire.uint32(1, 4096, wire.longestPayload))
    }
    await this.#reply(option, wire.optionReply.ack)
    return option === wire.option.go ? this.#agreement(name, device) : 'go-on'
  }

  async #metaContext(option: number, data: Buffer): Promise<Outcome> {
    const queries = parseQueries(data)
    if (queries === null) return await this.#reply(option, wire.optionError.invalid)
    const set = option === wire.option.setMetaContext
    if (set && !this.#structured) return await this.#reply(option, wire.optionError.invalid)
    if (!this.#exports.has(queries.name)) return await this.#reply(option, wire.optionError.unknown)
    const matches = (query: string) => query === wire.allocation.name || (!set && query === 'base:')
    const chosen = queries.texts.some(matches) || (!set && queries.texts.length === 0)
    if (set) this.#allocationOf = chosen ? queries.name : null
    // The id means something for SET only; for LIST it is reserved (section "Metadata querying").
    const id = wire.uint32(set ? wire.allocation.id : 0)
    if (chosen) await this.#reply(option, wire.optionReply.metaContext, Buffer.concat([id, Buffer.from(wire.allocation.name)]))
    return await this.#reply(option, wire.optionReply.ack)
  }

  #agreement(name: string, device: BlockDevice): Agreement {
    return { name, device, structured: this.#structured, allocation: this.#allocationOf === name }
  }

  async #reply(option: number, type: number, data?: Uint8Array): Promise<'go-on'> {
    await this.#peer.write([wire.encodeOptionReply(option, type, data)])
    return 'go-on'
  }
}

/** Size (8 bytes) and transmission flags (2). */
function encodeExport(device: BlockDevice, structured: boolean): Buffer {
  const { exportFlag } = wire
  const writable = exportFlag.flush | exportFlag.fua | exportFlag.writeZeroes | (device.trim === undefined ? 0 : exportFlag.trim)
  // Several connections to a read-only export cannot disagree; for a writable one every client would have to flush for all.
  const access = device.readOnly || device.write === undefined ? exportFlag.readOnly | exportFlag.multiConn : writable
  const flags = exportFlag.hasFlags | access | (structured ? exportFlag.dontFragment : 0)
  return Buffer.concat([wire.uint64(BigInt(device.size)), uint16(flags)])
}

function parseQueries(data: Buffer): { readonly name: string; readonly texts: readonly string[] } | null {
  const fields = new Fields(data)
  const name = fields.text()
  const count = fields.uint32()
  if (name === null || count === null) return null
  const texts: string[] = []
  for (let index = 0; index < count; index += 1) {
    const text = fields.text()
    if (text === null) return null
    texts.push(text)
  }
  return fields.left === 0 ? { name, texts } : null
}

/** Reads an option's data; null where it is too short. */
class Fields {
  readonly #data: Buffer
  #at = 0

  constructor(data: Buffer) {
    this.#data = data
  }

  get left(): number {
    return this.#data.length - this.#at
  }

  uint16(): number | null {
    return this.left < 2 ? null : this.#data.readUInt16BE(this.#skip(2))
  }

  uint32(): number | null {
    return this.left < 4 ? null : this.#data.readUInt32BE(this.#skip(4))
  }

  /** Length (4 bytes) and that many bytes of UTF-8. */
  text(): string | null {
    const length = this.uint32()
    if (length === null || this.left < length) return null
    const at = this.#skip(length)
    return this.#data.toString('utf8', at, at + length)
  }

  #skip(length: number): number {
    const at = this.#at
    this.#at += length
    return at
  }
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}
