// SPDX-License-Identifier: Apache-2.0
//
// A writable, encrypted, sparse disk over an optional read-only base: copy on write in 4 KiB blocks, AES-256-XTS.
// Crash-safe at every moment: `flush` makes the blocks durable, then the log record that names them, so an unflushed new block
// falls back to the base and a flushed one stays. Confidential and bound to key and binding; neither authenticated per block nor
// proof against putting an older copy of the file back. One opener at a time: the owner of the folder sees to that.
import { randomBytes } from 'node:crypto'
import { type FileHandle, link, open, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { EngineError } from '../error.ts'
import type { GrowthBudget } from '../limits/disk-growth.ts'
import { AllocationLog } from './allocation-log.ts'
import { decryptBlocks, encryptBlocks } from './block-cipher.ts'
import { BlockSet, toRuns } from './block-set.ts'
import * as layout from './layout.ts'
import { readFully, writeFully } from './positioned-io.ts'
import { RangeLock } from './range-lock.ts'

const { BLOCK } = layout
/** Of each block that is new: itself, and a record of its own in the log, which is the most that it takes there. */
const TAKEN_BYTES = BLOCK + 44

export interface DiskExtent {
  readonly length: number
  readonly zero: boolean
}

/** The disk below; bytes beyond its end read as zeros. */
export interface OverlayBase {
  readonly size: number
  read(offset: number, length: number): Promise<Uint8Array>
  extents?(offset: number, length: number): Promise<readonly DiskExtent[]>
}

export interface OverlayIdentity {
  readonly file: string
  /** 32 bytes. */
  readonly key: Uint8Array
  /** What it belongs to (package, disk): opening under another one is refused. */
  readonly binding: string
}

/**
 * Creates an empty overlay, or with `fillFrom` a disk of its own that holds a copy of it. The file appears whole or not at all.
 * @throws EngineError `overlay-exists`: nothing is ever overwritten.
 */
export async function createOverlay(options: OverlayIdentity & { readonly size: number; readonly fillFrom?: OverlayBase }): Promise<void> {
  layout.requireOverlaySize(options.size)
  const header = { size: options.size, salt: randomBytes(32) }
  const keys = layout.deriveKeys(options.key, header.salt, options.binding)
  const temporary = `${options.file}.${randomBytes(6).toString('hex')}.new`
  try {
    const file = await open(temporary, 'wx+', 0o600)
    try {
      await writeFully(file, 0, layout.encodeHeader(header, keys))
      await file.truncate(layout.logPosition(header.size))
      await file.sync()
    } finally {
      await file.close()
    }
    if (options.fillFrom !== undefined) await fill({ ...options, file: temporary }, options.fillFrom)
    await link(temporary, options.file).catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'EEXIST' ? new EngineError('overlay-exists', `\`${options.file}\` is there already`, error) : error
    })
  } finally {
    await rm(temporary, { force: true })
  }
  await syncFolder(dirname(options.file))
}

/**
 * @throws EngineError `overlay-mismatch` under another key or binding; `overlay-altered` where header or log were damaged.
 */
export async function openOverlay(
  options: OverlayIdentity & { readonly base: OverlayBase | null; readonly growth?: GrowthBudget; readonly readOnly?: true },
): Promise<XtsOverlay> {
  const file = await open(options.file, options.readOnly ? 'r' : 'r+')
  try {
    const bytes = await readFully(file, 0, layout.HEADER_BYTES)
    const header = layout.decodeHeader(bytes)
    const keys = layout.deriveKeys(options.key, header.salt, options.binding)
    layout.verifyHeader(bytes, keys)
    const owned = new BlockSet(layout.blockCount(header.size))
    const log = await AllocationLog.open(file, header, keys, layout.blockCount(header.size), (run) => owned.addRun(run))
    return new XtsOverlay(file, header.size, keys, options.base, owned, log, options.growth ?? null, options.readOnly ?? false)
  } catch (error) {
    await file.close()
    throw error
  }
}

export class XtsOverlay {
  /** Bytes. */
  readonly size: number
  readonly readOnly: boolean
  private readonly file: FileHandle
  private readonly keys: layout.OverlayKeys
  private readonly base: OverlayBase | null
  private readonly owned: BlockSet
  private readonly log: AllocationLog
  private readonly growth: GrowthBudget | null
  private readonly locks = new RangeLock()
  /** Owned since the last flush: written, not yet named by the log. */
  private unlogged = new Set<number>()
  private flushing: Promise<void> = Promise.resolve()
  /** After a failed fsync the kernel may have dropped the pages: no later flush can promise anything. */
  private broken: unknown = null

  constructor(
    file: FileHandle,
    size: number,
    keys: layout.OverlayKeys,
    base: OverlayBase | null,
    owned: BlockSet,
    log: AllocationLog,
    growth: GrowthBudget | null,
    readOnly: boolean,
  ) {
    this.file = file
    this.readOnly = readOnly
    this.size = size
    this.keys = keys
    this.base = base
    this.owned = owned
    this.log = log
    this.growth = growth
    growth?.add(layout.blockPosition(0) + owned.size * TAKEN_BYTES)
  }

  /** Errors of the base pass through. */
  async read(offset: number, length: number): Promise<Buffer> {
    this.checkRange(offset, length)
    const first = Math.floor(offset / BLOCK)
    const end = Math.ceil((offset + length) / BLOCK)
    const parts = await Promise.all(
      [...this.owned.runs(first, end)].map((run) => (run.inside ? this.readOwned(run.first, run.count) : this.readBase(run.first, run.count))),
    )
    const start = offset - first * BLOCK
    return Buffer.concat(parts).subarray(start, start + length)
  }

  /** @throws EngineError `disk-growth-reached`: nothing of it is written; `overlay-read-only` where it was opened as such */
  async write(offset: number, data: Uint8Array): Promise<void> {
    if (this.readOnly) throw new EngineError('overlay-read-only', 'the overlay was opened for reading')
    this.checkRange(offset, data.length)
    if (data.length === 0) return
    const first = Math.floor(offset / BLOCK)
    const end = Math.ceil((offset + data.length) / BLOCK)
    await this.locks.run(first, end, async () => {
      const plain = await this.wholeBlocks(first, end, offset, data)
      const sealed = encryptBlocks(this.keys.disk, first, plain)
      const grows = [...this.owned.runs(first, end)].reduce((sum, run) => sum + (run.inside ? 0 : run.count), 0) * TAKEN_BYTES
      if (this.growth?.take(grows) === false) throw new EngineError('disk-growth-reached', `the disks may not grow by ${grows} bytes more`)
      try {
        await writeFully(this.file, layout.blockPosition(first), sealed)
      } catch (error) {
        this.growth?.add(-grows)
        throw error
      }
      for (let block = first; block < end; block++) {
        if (this.owned.add(block)) this.unlogged.add(block)
      }
    })
  }

  /** Resolves once all earlier writes are durable. */
  flush(): Promise<void> {
    const after = this.flushing.then(() => this.flushNow())
    // The caller hears of a failure; the next flush only has to wait.
    this.flushing = after.catch(() => undefined)
    return after
  }

  async extents(offset: number, length: number): Promise<readonly DiskExtent[]> {
    this.checkRange(offset, length)
    const found: DiskExtent[] = []
    for (const run of this.owned.runs(Math.floor(offset / BLOCK), Math.ceil((offset + length) / BLOCK))) {
      const from = Math.max(offset, run.first * BLOCK)
      const until = Math.min(offset + length, (run.first + run.count) * BLOCK)
      if (run.inside) found.push({ length: until - from, zero: false })
      else found.push(...(await baseExtents(this.base, from, until - from)))
    }
    return found
  }

  /** Does not flush. */
  async close(): Promise<void> {
    await this.flushing
    await this.file.close()
    this.keys.disk.fill(0)
    this.keys.metadata.fill(0)
  }

  private async flushNow(): Promise<void> {
    if (this.broken !== null) throw this.broken
    const blocks = this.unlogged
    this.unlogged = new Set()
    try {
      await this.file.datasync()
      if (blocks.size > 0) await this.log.append(toRuns(blocks))
    } catch (error) {
      this.broken = error
      throw error
    }
  }

  /** `data` with what its first and last block hold around it. */
  private async wholeBlocks(first: number, end: number, offset: number, data: Uint8Array): Promise<Uint8Array> {
    const start = offset - first * BLOCK
    if (start === 0 && data.length === (end - first) * BLOCK) return data
    const plain = Buffer.alloc((end - first) * BLOCK)
    const edges = start === 0 ? [] : [first]
    if ((start + data.length) % BLOCK !== 0 && !edges.includes(end - 1)) edges.push(end - 1)
    for (const block of edges)
      plain.set(this.owned.has(block) ? await this.readOwned(block, 1) : await this.readBase(block, 1), (block - first) * BLOCK)
    plain.set(data, start)
    return plain
  }

  private async readOwned(first: number, count: number): Promise<Buffer> {
    const sealed = await readFully(this.file, layout.blockPosition(first), count * BLOCK)
    if (sealed.length !== count * BLOCK)
      throw new EngineError('overlay-altered', `overlay: the file ends within block ${first + Math.floor(sealed.length / BLOCK)}`)
    return decryptBlocks(this.keys.disk, first, sealed)
  }

  private async readBase(first: number, count: number): Promise<Buffer> {
    const bytes = Buffer.alloc(count * BLOCK)
    const available = Math.min(count * BLOCK, (this.base?.size ?? 0) - first * BLOCK, this.size - first * BLOCK)
    if (this.base !== null && available > 0) bytes.set(await this.base.read(first * BLOCK, available))
    return bytes
  }

  private checkRange(offset: number, length: number): void {
    if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || offset < 0 || length < 0 || offset + length > this.size) {
      throw new RangeError(`bytes ${offset}+${length} are not within an overlay of ${this.size} bytes`)
    }
  }
}

async function baseExtents(base: OverlayBase | null, offset: number, length: number): Promise<readonly DiskExtent[]> {
  const below = Math.max(0, Math.min(length, (base?.size ?? 0) - offset))
  const known = base === null || below === 0 ? [] : base.extents === undefined ? [{ length: below, zero: false }] : await base.extents(offset, below)
  return below < length ? [...known, { length: length - below, zero: true }] : known
}

async function fill(target: OverlayIdentity & { readonly size: number }, source: OverlayBase): Promise<void> {
  if (source.size > target.size) throw new RangeError(`a disk of ${target.size} bytes cannot hold its template of ${source.size}`)
  const overlay = await openOverlay({ ...target, base: null })
  try {
    const step = 1024 * 1024
    for (let offset = 0; offset < source.size; offset += step) {
      const length = Math.min(step, source.size - offset)
      let at = offset
      for (const extent of (await source.extents?.(offset, length)) ?? [{ length, zero: false }]) {
        if (!extent.zero) await overlay.write(at, await source.read(at, extent.length))
        at += extent.length
      }
    }
    await overlay.flush()
  } finally {
    await overlay.close()
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
