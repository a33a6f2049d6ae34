// SPDX-License-Identifier: Apache-2.0
//
// Whether a disk looks as if a BIOS, the only firmware that a manifest names, can boot it. Hints and no more: only a boot proves it.
// Sources: UEFI specification 2.10, sections 5.2 (MBR) and 5.3 (GPT); GUIDs of partition types as in `sfdisk`.
import type { SealNote } from '../seal/note.ts'

const sectorBytes = 512
/** Of the first sector; the rest is for the disk's signature and the partition table. */
const bootCodeBytes = 440
const efiSystem = 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B'
const biosBoot = '21686148-6449-6E6F-744E-656564454649'
/** Bit 2 of a partition's attributes: legacy BIOS bootable. */
const legacyBootable = 0b100
const leastEntryBytes = 128

/** A BIOS boots a disk whose first sector ends in 55 AA; so does the protective MBR of a GPT disk (5.2.3). */
export const hasBootSignature = (head: Buffer): boolean => head.length >= sectorBytes && head.readUInt16BE(sectorBytes - 2) === 0x55aa

/** @param head the first bytes of the disk that boots: 65,536, or all. What lies behind them is not looked at. */
export function bootNotes(disk: string, head: Buffer): readonly SealNote[] {
  if (!hasBootSignature(head)) {
    return [{ code: 'boot-signature-missing', message: `disk \`${disk}\`: its first sector does not end in 55 AA, so that no BIOS boots it` }]
  }
  const gpt = readGpt(head)
  if (gpt.some(({ type }) => type === efiSystem) && !gpt.some(({ type, legacy }) => type === biosBoot || legacy)) {
    return [
      {
        code: 'boots-by-efi-only',
        message: `disk \`${disk}\`: it has an EFI system partition and none for BIOS, and the machine's firmware is BIOS`,
      },
    ]
  }
  if (head.subarray(0, bootCodeBytes).every((byte) => byte === 0)) {
    return [{ code: 'boot-code-missing', message: `disk \`${disk}\`: its first sector holds no boot code, so that a BIOS finds nothing to run` }]
  }
  return []
}

interface Partition {
  /** GUID in capitals. */
  readonly type: string
  /** Marked as bootable by BIOS. */
  readonly legacy: boolean
}

/** The partitions of a GPT as far as `head` goes; none where there is no GPT. */
function readGpt(head: Buffer): readonly Partition[] {
  const header = head.subarray(sectorBytes, 2 * sectorBytes)
  if (header.length < sectorBytes || header.toString('latin1', 0, 8) !== 'EFI PART') return []
  const from = Number(header.readBigUInt64LE(72)) * sectorBytes
  const [count, entryBytes] = [header.readUInt32LE(80), header.readUInt32LE(84)]
  if (entryBytes < leastEntryBytes) return []
  const partitions: Partition[] = []
  for (let at = from; partitions.length < count && at + entryBytes <= head.length; at += entryBytes) {
    partitions.push({ type: guidAt(head, at), legacy: (head.readUInt8(at + 48) & legacyBootable) !== 0 })
  }
  return partitions
}

/** The first three parts of a GUID are little-endian (UEFI specification, appendix A). */
function guidAt(bytes: Buffer, at: number): string {
  const hex = (from: number, to: number, reversed: boolean) => {
    const part = Buffer.from(bytes.subarray(at + from, at + to))
    return (reversed ? part.reverse() : part).toString('hex')
  }
  return [hex(0, 4, true), hex(4, 6, true), hex(6, 8, true), hex(8, 10, false), hex(10, 16, false)].join('-').toUpperCase()
}
