// SPDX-License-Identifier: Apache-2.0
//
// Two files of the system disk change after the build: the nonce and the release number. Both have a fixed length and one
// block each, and sector 1 of the disk (unused between partition table and first partition) says where those blocks are.
// So they are rewritten in place without root rights and without any file-system tool.
import type { FileHandle } from 'node:fs/promises'
import { DemoGuestError } from './error.ts'

const SECTOR = 512
const NONCE = /^[0-9a-f]{64}$/
const RELEASE_LENGTH = 16

/** What the files hold until a nonce and another release are written. */
export const emptyNonce = `${'0'.repeat(64)}\n`
export const firstRelease = `${'1'.padEnd(RELEASE_LENGTH - 1)}\n`

const MAGIC = Buffer.from('casemate-demo-1\0', 'latin1')

/** Byte offsets on the disk, multiples of 512. */
export interface DemoRecord {
  readonly nonceOffset: number
  readonly releaseOffset: number
}

/** The 512 bytes of sector 1: magic (16), nonce offset (8, big-endian), release offset (8), zeros. */
export function encodeRecord(record: DemoRecord): Buffer {
  const sector = Buffer.alloc(SECTOR)
  MAGIC.copy(sector)
  sector.writeBigUInt64BE(BigInt(record.nonceOffset), 16)
  sector.writeBigUInt64BE(BigInt(record.releaseOffset), 24)
  return sector
}

/** @throws DemoGuestError `image-invalid` when `sector` is not that of a demo disk */
export function parseRecord(sector: Buffer): DemoRecord {
  if (sector.length !== SECTOR || !sector.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw new DemoGuestError('image-invalid', 'sector 1 holds no record of a demo disk, expected a `system.raw` made by this tool')
  }
  const offsetAt = (position: number) => {
    const offset = Number(sector.readBigUInt64BE(position))
    if (offset % SECTOR !== 0 || offset < 2 * SECTOR || !Number.isSafeInteger(offset)) {
      throw new DemoGuestError('image-invalid', `the record of the demo disk names offset \`${offset}\`, expected a multiple of ${SECTOR} behind it`)
    }
    return offset
  }
  return { nonceOffset: offsetAt(16), releaseOffset: offsetAt(24) }
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, position)
  return buffer.subarray(0, bytesRead)
}

async function replaceText(file: FileHandle, position: number, text: string, expected: RegExp): Promise<void> {
  const found = (await readAt(file, position, text.length)).toString('latin1')
  if (!expected.test(found)) throw new DemoGuestError('image-invalid', `offset \`${position}\` holds ${JSON.stringify(found)}, expected ${expected}`)
  await file.write(Buffer.from(text, 'latin1'), 0, text.length, position)
}

/**
 * Puts `nonce` (64 hexadecimal digits) into `/etc/casemate/nonce` of the open system disk.
 * @throws DemoGuestError `value-invalid`; `image-invalid` when the file is not where the record says
 */
export async function replaceNonce(file: FileHandle, nonce: string): Promise<void> {
  if (!NONCE.test(nonce)) throw new DemoGuestError('value-invalid', 'a nonce is 64 hexadecimal digits in lower case')
  const record = parseRecord(await readAt(file, SECTOR, SECTOR))
  await replaceText(file, record.nonceOffset, `${nonce}\n`, /^[0-9a-f]{64}\n$/)
}

/**
 * Puts `release` into `/etc/casemate/release` of the open system disk.
 * @throws DemoGuestError `value-invalid`; `image-invalid` when the file is not where the record says
 */
export async function replaceRelease(file: FileHandle, release: number): Promise<void> {
  if (!Number.isSafeInteger(release) || release < 0 || release > 999_999) {
    throw new DemoGuestError('value-invalid', `a release is a whole number from 0 to 999999, found \`${release}\``)
  }
  const record = parseRecord(await readAt(file, SECTOR, SECTOR))
  await replaceText(file, record.releaseOffset, `${String(release).padEnd(RELEASE_LENGTH - 1)}\n`, /^\d{1,6} +\n$/)
}
