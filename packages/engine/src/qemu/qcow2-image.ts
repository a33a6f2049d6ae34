// SPDX-License-Identifier: Apache-2.0
//
// A new, empty qcow2 image encrypted by LUKS, as pieces to write into an empty file: header, refcounts for the clusters in use, an L1 table that maps
// nothing, the LUKS area. It names no backing and no data file. Source: docs/interop/qcow2.txt of QEMU.
import { luksAreaBytes, newLuksHeader } from './luks-header.ts'

const clusterBits = 16
const clusterBytes = 1 << clusterBits
/** An L2 table of one cluster maps 8192 clusters. */
const bytesPerL1Entry = clusterBytes * (clusterBytes / 8)
/** A sanity bound: the refcounts of the clusters in use must fit into one block. */
const largestDisk = 2 ** 47

export interface ImagePieces {
  readonly pieces: readonly { readonly offset: number; readonly bytes: Uint8Array }[]
  readonly fileBytes: number
}

/** @throws RangeError unless `sizeBytes` is a positive multiple of 512, at most 128 TiB. */
export function newQcow2Image(sizeBytes: number, passphrase: Uint8Array, random: (length: number) => Uint8Array): ImagePieces {
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes <= 0 || sizeBytes % 512 !== 0 || sizeBytes > largestDisk) {
    throw new RangeError(`a disk has a positive multiple of 512 bytes up to 128 TiB, found ${sizeBytes}`)
  }
  const l1Entries = Math.ceil(sizeBytes / bytesPerL1Entry)
  const [refcountTable, refcountBlock, l1Table] = [clusterBytes, 2 * clusterBytes, 3 * clusterBytes]
  const luksArea = l1Table + roundUp(l1Entries * 8)
  const fileBytes = luksArea + roundUp(luksAreaBytes)

  const header = Buffer.alloc(144)
  header.writeUInt32BE(0x514649fb, 0)
  header.writeUInt32BE(3, 4)
  header.writeUInt32BE(clusterBits, 20)
  header.writeBigUInt64BE(BigInt(sizeBytes), 24)
  header.writeUInt32BE(2, 32) // LUKS
  header.writeUInt32BE(l1Entries, 36)
  header.writeBigUInt64BE(BigInt(l1Table), 40)
  header.writeBigUInt64BE(BigInt(refcountTable), 48)
  header.writeUInt32BE(1, 56)
  header.writeUInt32BE(4, 96) // refcounts of 16 bits
  header.writeUInt32BE(112, 100)
  header.writeUInt32BE(0x0537be77, 112) // full disk encryption header
  header.writeUInt32BE(16, 116)
  header.writeBigUInt64BE(BigInt(luksArea), 120)
  header.writeBigUInt64BE(BigInt(luksAreaBytes), 128)

  const table = Buffer.alloc(8)
  table.writeBigUInt64BE(BigInt(refcountBlock))
  const refcounts = Buffer.alloc((fileBytes / clusterBytes) * 2)
  for (let cluster = 0; cluster < fileBytes / clusterBytes; cluster++) refcounts.writeUInt16BE(1, cluster * 2)

  return {
    pieces: [
      { offset: 0, bytes: header },
      { offset: refcountTable, bytes: table },
      { offset: refcountBlock, bytes: refcounts },
      { offset: luksArea, bytes: newLuksHeader(passphrase, random) },
    ],
    fileBytes,
  }
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / clusterBytes) * clusterBytes
}
