// SPDX-License-Identifier: Apache-2.0
//
// The root page of a disk: size in bytes (8) | one entry of 72 bytes for each region. One AES-256-GCM message under
// HKDF-SHA256(package key, no salt, `casemate-root-v1|<disk>`), named by the manifest. A package key therefore seals one package:
// a second one needs a key of its own.
import { hash, hkdfSync } from 'node:crypto'
import { encrypt, tagBytes } from '../chunk/cipher.ts'
import { blockBytes, regionBlocks } from '../chunk/cut.ts'
import { altered, isObjectLength, type ObjectRef } from '../chunk/open.ts'
import type { ManifestDisk } from '../manifest.ts'
import { decodeEntry, encodeEntry, entryBytes } from './pages.ts'

export const regionBytes = regionBlocks * blockBytes
const sizeBytes = 8

/** A page of the index, not yet fetched. */
export interface PageRef extends ObjectRef {
  readonly entries: number
}

/** Blocks of region `index` of a disk of `size` bytes; the last region may be shorter. */
export function blocksOfRegion(size: number, index: number): number {
  return Math.min(regionBlocks, size / blockBytes - index * regionBlocks)
}

/** Bytes of the root object of a disk of `size` bytes. */
export function rootLength(size: number): number {
  return sizeBytes + Math.ceil(size / regionBytes) * entryBytes + tagBytes
}

/** @returns the root object and its name. */
export function sealRoot(packageKey: Uint8Array, disk: string, size: number, pages: readonly PageRef[]): { name: string; bytes: Buffer } {
  const head = Buffer.alloc(sizeBytes)
  head.writeBigUInt64BE(BigInt(size))
  const plain = Buffer.concat([head, ...pages.map((page) => encodeEntry(page, page.entries))])
  const bytes = encrypt('root', rootKey(packageKey, disk), plain)
  return { name: hash('sha256', bytes, 'hex'), bytes }
}

/** How the root object of `disk` is found and opened. */
export function rootRef(disk: Pick<ManifestDisk, 'name' | 'size' | 'root'>, packageKey: Uint8Array): ObjectRef {
  return { name: disk.root, key: rootKey(packageKey, disk.name), storedLength: rootLength(disk.size) }
}

/**
 * @param plain the opened root page of `disk`.
 * @throws PackageError `root-altered`
 */
export function decodeRoot(plain: Buffer, { size, root }: Pick<ManifestDisk, 'size' | 'root'>): readonly PageRef[] {
  const refuse = (why: string) => altered('root', root, why)
  if (plain.length !== rootLength(size) - tagBytes) throw refuse(`expected ${rootLength(size) - tagBytes} bytes, found ${plain.length}`)
  const sealedSize = plain.readBigUInt64BE(0)
  if (sealedSize !== BigInt(size)) throw refuse(`expected a disk of ${size} bytes, found ${sealedSize}`)
  const pages: PageRef[] = []
  for (let at = sizeBytes; at < plain.length; at += entryBytes) {
    const { count: entries, ...page } = decodeEntry(plain.subarray(at, at + entryBytes))
    const blocks = blocksOfRegion(size, pages.length)
    if (entries < 1 || entries > blocks) throw refuse(`expected a page of 1 to ${blocks} entries, found ${entries}`)
    if (!isObjectLength(page.storedLength, entries * entryBytes)) throw refuse(`no page of ${entries} entries has ${page.storedLength} stored bytes`)
    pages.push({ ...page, entries })
  }
  return pages
}

function rootKey(packageKey: Uint8Array, disk: string): Buffer {
  return Buffer.from(hkdfSync('sha256', packageKey, Buffer.alloc(0), `casemate-root-v1|${disk}`, 32))
}
