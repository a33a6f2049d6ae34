// SPDX-License-Identifier: Apache-2.0
//
// Index entries of 72 bytes: name (32) | key (32) | count (4) | stored length (4). In a page an entry is a run of blocks, zero runs
// with name, key and stored length zero; in the root page it is a page, counted in entries.
import { blockBytes, mostBlocks, regionBlocks } from '../chunk/cut.ts'
import { isObjectLength, type ObjectRef } from '../chunk/open.ts'

export const entryBytes = 72
const none = Buffer.alloc(64)

/** One run of a region. `object` is null for a run of zeros. */
export interface Entry {
  readonly blocks: number
  readonly object: ObjectRef | null
}

/** @returns the plain bytes of a page. */
export function encodeEntries(entries: readonly Entry[]): Buffer {
  return Buffer.concat(entries.map(({ blocks, object }) => encodeEntry(object, blocks)))
}

/** @param count blocks of a run, or entries of a page. */
export function encodeEntry(object: ObjectRef | null, count: number): Buffer {
  const entry = Buffer.alloc(entryBytes)
  entry.writeUInt32BE(count, 64)
  if (object === null) return entry
  entry.write(object.name, 0, 'hex')
  entry.set(object.key, 32)
  entry.writeUInt32BE(object.storedLength, 68)
  return entry
}

/** The fields as they stand, unchecked. */
export function decodeEntry(entry: Buffer): ObjectRef & { readonly count: number } {
  return {
    name: entry.toString('hex', 0, 32),
    key: entry.subarray(32, 64),
    count: entry.readUInt32BE(64),
    storedLength: entry.readUInt32BE(68),
  }
}

/**
 * The runs of a region of `blocks` blocks, which they cover exactly.
 * @param refuse makes the error for a page that does not.
 */
export function decodeEntries(page: Buffer, blocks: number, refuse: (why: string) => Error): readonly Entry[] {
  const entries: Entry[] = []
  let covered = 0
  for (let at = 0; at < page.length; at += entryBytes) {
    const entry = decodeRun(page.subarray(at, at + entryBytes), refuse)
    if (entry.object === null && entries.at(-1)?.object === null) throw refuse('expected one entry for a run of zeros, found two')
    covered += entry.blocks
    if (covered > blocks) break
    entries.push(entry)
  }
  if (covered !== blocks) throw refuse(`expected entries for ${blocks} blocks, found ${covered}`)
  return entries
}

function decodeRun(bytes: Buffer, refuse: (why: string) => Error): Entry {
  if (bytes.length !== entryBytes) throw refuse(`expected entries of ${entryBytes} bytes, found ${bytes.length}`)
  const { count, ...object } = decodeEntry(bytes)
  if (bytes.subarray(0, 64).equals(none) && object.storedLength === 0) {
    if (count < 1 || count > regionBlocks) throw refuse(`expected 1 to ${regionBlocks} zero blocks, found ${count}`)
    return { blocks: count, object: null }
  }
  if (count < 1 || count > mostBlocks) throw refuse(`expected chunks of 1 to ${mostBlocks} blocks, found ${count}`)
  if (!isObjectLength(object.storedLength, count * blockBytes)) throw refuse(`no chunk of ${count} blocks has ${object.storedLength} stored bytes`)
  return { blocks: count, object }
}
