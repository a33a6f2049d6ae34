// SPDX-License-Identifier: Apache-2.0
//
// Which blocks an overlay owns: an append-only log of runs, each record chained to the one before by an HMAC.
// A record is appended only after its blocks are durable, so whatever the log names can be read. After each durable append
// one of two commit slots takes the log's length, in turn. On opening, everything up to the longer slot must verify
// (`overlay-altered`); what lies beyond it is the torn tail of a flush that never returned and is cut at the first record that does not verify.
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { EngineError } from '../error.ts'
import { logPosition, type OverlayHeader, type OverlayKeys, SLOT_OFFSETS } from './layout.ts'
import { readFully, writeFully } from './positioned-io.ts'

const MAC_BYTES = 32
const RUN_BYTES = 8
const SLOT_BYTES = 8 + MAC_BYTES
const MOST_RUNS = 65_536

/** Blocks `first` to `first + count - 1`. */
export interface BlockRun {
  readonly first: number
  readonly count: number
}

interface LogEnd {
  readonly length: number
  readonly mac: Buffer
}

export class AllocationLog {
  private readonly file: FileHandle
  private readonly start: number
  private readonly key: Buffer
  private end: LogEnd
  private slot: 0 | 1 = 0

  private constructor(file: FileHandle, header: OverlayHeader, keys: OverlayKeys) {
    this.file = file
    this.start = logPosition(header.size)
    this.key = keys.metadata
    this.end = { length: 0, mac: createHmac('sha256', this.key).update('log').update(header.salt).digest() }
  }

  /**
   * Reads the log and calls `own` for each run it names; a torn tail is forgotten.
   * @throws EngineError `overlay-altered` where a record that was once durable does not verify.
   */
  static async open(
    file: FileHandle,
    header: OverlayHeader,
    keys: OverlayKeys,
    blocks: number,
    own: (run: BlockRun) => void,
  ): Promise<AllocationLog> {
    const log = new AllocationLog(file, header, keys)
    const { size } = await file.stat()
    // As long from its creation on: without this a file cut before its slots would pass for one that was never written to.
    if (size < log.start) throw new EngineError('overlay-altered', `overlay: expected at least ${log.start} bytes, found ${size}`)
    const committed = await log.readSlots()
    const bytes = await readFully(file, log.start, size - log.start)
    if (bytes.length < committed) throw new EngineError('overlay-altered', `overlay log: expected at least ${committed} bytes, found ${bytes.length}`)
    let at = 0
    for (;;) {
      const record = log.parse(bytes, at, blocks)
      if (record === null) break
      for (const run of record.runs) own(run)
      at += record.length
      log.end = { length: at, mac: record.mac }
    }
    if (at < committed) throw new EngineError('overlay-altered', `overlay log: the record at ${at} of ${committed} durable bytes does not verify`)
    return log
  }

  /** Durable when it resolves. The blocks must be durable before. */
  async append(runs: readonly BlockRun[]): Promise<void> {
    for (let at = 0; at < runs.length; at += MOST_RUNS) await this.appendRecord(runs.slice(at, at + MOST_RUNS))
    await this.file.datasync()
    await this.writeSlot()
  }

  private async appendRecord(runs: readonly BlockRun[]): Promise<void> {
    const record = Buffer.alloc(4 + runs.length * RUN_BYTES + MAC_BYTES)
    record.writeUInt32BE(runs.length, 0)
    for (const [index, run] of runs.entries()) {
      record.writeUInt32BE(run.first, 4 + index * RUN_BYTES)
      record.writeUInt32BE(run.count, 8 + index * RUN_BYTES)
    }
    const body = record.subarray(0, record.length - MAC_BYTES)
    const mac = this.chain(body)
    mac.copy(record, body.length)
    await writeFully(this.file, this.start + this.end.length, record)
    this.end = { length: this.end.length + record.length, mac }
  }

  private parse(bytes: Buffer, at: number, blocks: number): { length: number; mac: Buffer; runs: BlockRun[] } | null {
    if (bytes.length - at < 4) return null
    const count = bytes.readUInt32BE(at)
    const length = 4 + count * RUN_BYTES + MAC_BYTES
    if (count === 0 || count > MOST_RUNS || bytes.length - at < length) return null
    const body = bytes.subarray(at, at + length - MAC_BYTES)
    const mac = this.chain(body)
    if (!timingSafeEqual(mac, bytes.subarray(at + body.length, at + length))) return null
    const runs = Array.from({ length: count }, (_, index) => ({
      first: body.readUInt32BE(4 + index * RUN_BYTES),
      count: body.readUInt32BE(8 + index * RUN_BYTES),
    }))
    const outside = runs.find((run) => run.count === 0 || run.first + run.count > blocks)
    if (outside !== undefined) throw new EngineError('overlay-altered', `overlay log: blocks ${outside.first}+${outside.count} of ${blocks}`)
    return { length, mac, runs }
  }

  private chain(body: Buffer): Buffer {
    return createHmac('sha256', this.key).update(this.end.mac).update(body).digest()
  }

  private async writeSlot(): Promise<void> {
    const bytes = Buffer.alloc(SLOT_BYTES)
    bytes.writeBigUInt64BE(BigInt(this.end.length), 0)
    this.slotMac(bytes).copy(bytes, 8)
    await writeFully(this.file, SLOT_OFFSETS[this.slot], bytes)
    this.slot = this.slot === 0 ? 1 : 0
  }

  /** The larger length of the two slots; a slot that does not verify is one that was being written. */
  private async readSlots(): Promise<number> {
    const lengths = await Promise.all(
      SLOT_OFFSETS.map(async (offset) => {
        const bytes = await readFully(this.file, offset, SLOT_BYTES)
        if (bytes.every((byte) => byte === 0)) return 0
        if (bytes.length !== SLOT_BYTES || !timingSafeEqual(this.slotMac(bytes), bytes.subarray(8))) return null
        return Number(bytes.readBigUInt64BE(0))
      }),
    )
    const [first, second] = lengths
    if (first === null && second === null) throw new EngineError('overlay-altered', 'overlay log: neither commit slot verifies')
    this.slot = (first ?? -1) >= (second ?? -1) ? 1 : 0
    return Math.max(first ?? 0, second ?? 0)
  }

  private slotMac(bytes: Buffer): Buffer {
    return createHmac('sha256', this.key).update('slot').update(bytes.subarray(0, 8)).digest()
  }
}
