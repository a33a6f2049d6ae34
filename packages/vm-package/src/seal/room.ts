// SPDX-License-Identifier: Apache-2.0
//
// Whether the store has room, asked before anything is written to it. What a package adds is known only at its end: content compresses,
// and what the store has already takes nothing. Refused is only what is sure not to fit, since a seal that is refused wrongly is worse
// than one that fails late and goes on from there:
// - the root pages, which are always new, and a few small files;
// - in a store without a single object, a quarter of what samples of the disks say. The samples' mean is taken down by the margin that
//   it misses once in a million (Hoeffding's inequality); the quarter allows for content that the disks hold up to four times.
// Whatever else may not fit is a note.
import { zstdCompressSync } from 'node:zlib'
import { blockBytes } from '../chunk/cut.ts'
import { PackageError } from '../error.ts'
import { rootLength } from '../index/root.ts'
import type { DiskSource } from '../source/disk-source.ts'
import type { ObjectStore } from '../store/object-store.ts'
import type { SealNote } from './note.ts'

/** For claims, the memo and what folders take. */
const smallFilesBytes = 65_536
const samples = 128
/** As long as a short chunk: what is cut longer compresses a little better, which the quarter allows for too. */
const sampleBytes = 131_072
const oneInAMillion = 1e-6
const margin = Math.sqrt(Math.log(1 / oneInAMillion) / (2 * samples))
const copiesAllowedFor = 4
const zeroBlock = Buffer.alloc(blockBytes)

/**
 * @returns a note where the store may fill up; none where it cannot, or where the store does not know its room.
 * @throws PackageError `store-full`
 */
export async function checkRoom(store: ObjectStore, sources: readonly DiskSource[]): Promise<readonly SealNote[]> {
  const free = await store.room?.()
  if (free === undefined) return []
  const fixed = sources.reduce((sum, { size }) => sum + rootLength(size), smallFilesBytes)
  const held = await Promise.all(sources.map(dataBytes))
  // Of incompressible content: padding, tag, index entry, and the file system's own blocks, of the shortest chunks.
  const most = fixed + Math.ceil((held.reduce((sum, bytes) => sum + bytes, 0) * 9) / 8)
  if (free >= most) return []
  const least = fixed + ((await isEmpty(store)) ? Math.floor((await sampledBytes(sources, held)) / copiesAllowedFor) : 0)
  if (free < least) {
    throw new PackageError(
      'store-full',
      `the store has ${mebibytes(free)} free, and this package needs at least ${mebibytes(least)}: make room first`,
    )
  }
  const message = `the store has ${mebibytes(free)} free, and this package may need up to ${mebibytes(most)}, less what compresses and what is there already`
  return [{ code: 'store-may-fill', message }]
}

const mebibytes = (bytes: number): string => `${(bytes / 1_048_576).toFixed(1)} MiB`

async function isEmpty(store: ObjectStore): Promise<boolean> {
  for await (const _ of store.list()) return false
  return true
}

/** What is not known to be zero. */
async function dataBytes(source: DiskSource): Promise<number> {
  let bytes = 0
  for await (const { length } of dataOf(source)) bytes += length
  return bytes
}

async function* dataOf(source: DiskSource): AsyncGenerator<{ readonly offset: number; readonly length: number }> {
  for (let offset = 0; offset < source.size; ) {
    const { length, zero } = await source.extent(offset, source.size - offset)
    if (!zero) yield { offset, length }
    offset += length
  }
}

/** What the disks will hardly take less than, did they hold nothing twice. A stream, which cannot be read here and there, counts nothing. */
async function sampledBytes(sources: readonly DiskSource[], held: readonly number[]): Promise<number> {
  let sum = 0
  for (const [index, source] of sources.entries()) {
    const bytes = held[index] ?? 0
    if (source.anyOrder && bytes > 0) sum += bytes * Math.max(0, (await meanStored(source, bytes)) - margin)
  }
  return sum
}

/** Mean of the parts of the samples that would be stored, each 0 to 1. */
async function meanStored(source: DiskSource, held: number): Promise<number> {
  const wanted = Array.from({ length: samples }, () => Math.floor(Math.random() * (held / blockBytes)) * blockBytes).sort((a, b) => a - b)
  let [next, before, sum] = [0, 0, 0]
  for await (const { offset, length } of dataOf(source)) {
    for (let at = wanted[next]; at !== undefined && at < before + length; at = wanted[next]) {
      const from = offset + at - before
      sum += await storedPart(source, from, Math.min(sampleBytes, offset + length - from))
      next += 1
    }
    before += length
  }
  return sum / samples
}

async function storedPart(source: DiskSource, offset: number, length: number): Promise<number> {
  const bytes = Buffer.alloc(length)
  await source.read(offset, bytes)
  const blocks = Array.from({ length: length / blockBytes }, (_, index) => bytes.subarray(index * blockBytes, (index + 1) * blockBytes))
  const data = Buffer.concat(blocks.filter((block) => !zeroBlock.equals(block)))
  return data.length === 0 ? 0 : Math.min(data.length, zstdCompressSync(data).length) / length
}
