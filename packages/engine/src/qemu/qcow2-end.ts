// SPDX-License-Identifier: Apache-2.0
//
// Where the last cluster in use of a qcow2 file of ours ends, which its length does not say: it may have been made longer, without taking room.
// Source: docs/interop/qcow2.txt of QEMU, "Host cluster management".
import { type FileHandle, open } from 'node:fs/promises'
import { EngineError } from '../error.ts'
import { readFully } from '../overlay/positioned-io.ts'

const clusterBytes = 65_536
const entriesOfBlock = clusterBytes / 2
/** A table of 128 TiB of clusters is 512 KiB long. */
const mostTableClusters = 64

/** @param path of an overlay whose header was accepted, which nobody writes to. @throws EngineError `overlay-altered` */
export async function endOfOverlay(path: string): Promise<number> {
  const file = await open(path, 'r')
  try {
    const header = await read(file, 0, 104)
    const tableOffset = header.readBigUInt64BE(48)
    const tableClusters = header.readUInt32BE(56)
    const usual = header.readUInt32BE(20) === 16 && header.readUInt32BE(96) === 4
    if (!usual || tableOffset > BigInt(Number.MAX_SAFE_INTEGER) || tableClusters > mostTableClusters)
      throw new EngineError('overlay-altered', `the overlay \`${path}\` was expected to count its clusters as we do`)
    const table = await read(file, Number(tableOffset), tableClusters * clusterBytes)
    for (let index = table.length / 8 - 1; index >= 0; index--) {
      const block = table.readBigUInt64BE(index * 8)
      if (block === 0n || block > BigInt(Number.MAX_SAFE_INTEGER)) continue
      const last = lastInUse(await read(file, Number(block), clusterBytes))
      if (last >= 0) return (index * entriesOfBlock + last + 1) * clusterBytes
    }
    return 0
  } finally {
    await file.close()
  }
}

function lastInUse(refcounts: Buffer): number {
  for (let entry = entriesOfBlock - 1; entry >= 0; entry--) if (refcounts.readUInt16BE(entry * 2) !== 0) return entry
  return -1
}

/** What lies beyond the end of the file reads as zeros. */
async function read(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length)
  bytes.set(await readFully(file, position, length))
  return bytes
}
