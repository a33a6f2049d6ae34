// SPDX-License-Identifier: Apache-2.0
//
// Holds the files that QEMU writes to a limit, all together: behind each lies a node that refuses to write beyond its size, as a full disk would
// (`ENOSPC`), so that nothing passes it however fast a guest writes, and QEMU stops the CPUs over it (`werror`). The files are made as long as they
// can become before QEMU opens them, without taking room, since such a node is never larger than its file.
// Source: QEMU, block/raw-format.c; QMP reference, blockdev-reopen, query-blockstats.
import { open, stat, statfs } from 'node:fs/promises'
import { z } from 'zod'
import { EngineError } from '../error.ts'
import { type DiskGrowth, type StarvedBy, shares } from '../limits/disk-growth.ts'
import type { VmSpec } from '../virtual-machine.ts'
import { diskNode, fileNode, roomNode, storagesOf } from './block-graph.ts'
import { endOfOverlay } from './qcow2-end.ts'
import type { Qmp } from './qmp.ts'
import { nothing, status } from './qmp-messages.ts'

const deadlineMs = 20_000
/** To write one cluster, QEMU may need one for each of two tables besides; of less room nothing is given. */
const stepBytes = 4 * 65_536
/** Below this, a file system is full as well, and that comes first. */
const fullBytes = 1 << 20
const blockStats = z.array(z.looseObject({ 'node-name': z.string().optional(), stats: z.looseObject({ wr_highest_offset: z.int().min(0) }) }))

interface GrowingFile {
  readonly node: string
  readonly disk: string
  readonly path: string
  /** It can become as long as this. */
  readonly mostBytes: number
  /** Where what is in it ended when QEMU opened it. */
  readonly endBytes: number
}

/** A file's end with all of the disk written, and the tables for it. */
export function longestFile(sizeBytes: number): number {
  return Math.ceil((sizeBytes * 1.01) / 65_536) * 65_536 + (16 << 20)
}

/** Before QEMU opens them. @throws EngineError `overlay-altered` */
export async function prepareGrowth(spec: VmSpec): Promise<readonly GrowingFile[]> {
  const files: GrowingFile[] = []
  for (const [index, storage] of storagesOf(spec).entries()) {
    if (storage.kind !== 'luks-overlay') continue
    const sizeBytes = spec.disks[index]?.sizeBytes ?? 0
    const endBytes = await endOfOverlay(storage.file)
    const mostBytes = await lengthen(storage.file, Math.max(longestFile(sizeBytes), endBytes))
    files.push({ node: diskNode(index), disk: spec.disks[index]?.name ?? 'the firmware', path: storage.file, mostBytes, endBytes })
  }
  return files
}

/** @returns how long it is then; a file system that has no such length leaves it as it is. */
async function lengthen(path: string, bytes: number): Promise<number> {
  const { size } = await stat(path)
  if (size >= bytes) return size
  const file = await open(path, 'r+')
  try {
    await file.truncate(bytes)
    return bytes
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EFBIG')) throw error
    return size
  } finally {
    await file.close()
  }
}

export class FileGrowth implements DiskGrowth {
  readonly #qmp: Qmp
  readonly #files: readonly GrowingFile[]
  #limitBytes: number | null = null
  #caps: readonly number[] = []

  constructor(qmp: Qmp, files: readonly GrowingFile[]) {
    this.#qmp = qmp
    this.#files = files
  }

  async set(limitBytes: number | null): Promise<void> {
    if (limitBytes === this.#limitBytes) return
    this.#limitBytes = limitBytes
    await this.#whileStanding(() => this.#share(0))
  }

  /** @param noRoom what QEMU said of the write */
  async whyStarved(disk: string, noRoom = true): Promise<StarvedBy> {
    const index = this.#files.findIndex((file) => file.disk === disk)
    const file = this.#files[index]
    if (!noRoom || this.#limitBytes === null || file === undefined) return 'other'
    const { bavail, bsize } = await statfs(file.path)
    if (bavail * bsize < fullBytes) return 'other'
    const before = this.#caps[index] ?? 0
    await this.#whileStanding(() => this.#share(index))
    return (this.#caps[index] ?? 0) > before ? 'room' : 'held'
  }

  /** A node that becomes smaller than what was written through it meanwhile would hide that. */
  async #whileStanding(act: () => Promise<void>): Promise<void> {
    const { running } = await this.#qmp.execute('query-status', {}, status, deadlineMs)
    if (running) await this.#qmp.execute('stop', {}, nothing, deadlineMs)
    try {
      await act()
    } finally {
      if (running) await this.#qmp.execute('cont', {}, nothing, deadlineMs)
    }
  }

  async #share(first: number): Promise<void> {
    const caps = this.#limitBytes === null ? null : shares(this.#limitBytes, await this.#taken(), first, stepBytes)
    for (const [index, { node, mostBytes }] of this.#files.entries()) {
      const size = caps === null ? {} : { size: Math.min(mostBytes, Math.floor((caps[index] ?? 0) / 512) * 512) }
      const options = [{ driver: 'raw', 'node-name': roomNode(node), file: fileNode(node), ...size }]
      await this.#qmp.execute('blockdev-reopen', { options }, nothing, deadlineMs)
    }
    this.#caps = caps ?? []
  }

  async #taken(): Promise<readonly number[]> {
    const found = await this.#qmp.execute('query-blockstats', { 'query-nodes': true }, blockStats, deadlineMs)
    return this.#files.map(({ node, endBytes }) => {
      const stats = found.find((one) => one['node-name'] === fileNode(node))?.stats
      if (stats === undefined) throw new EngineError('qmp-failed', `QEMU counts nothing of the node \`${fileNode(node)}\``)
      return Math.max(endBytes, Math.ceil(stats.wr_highest_offset / 65_536) * 65_536)
    })
  }
}
