// SPDX-License-Identifier: Apache-2.0
import { PackageError } from '../error.ts'
import { maxDiskBytes } from '../manifest.ts'

export const sectorBytes = 512

/** @param size of the disk, bytes. @throws PackageError `disk-empty`, `disk-invalid`, `disk-too-large` */
export function checkDiskSize(path: string, size: number): void {
  if (size === 0) throw new PackageError('disk-empty', `\`${path}\`: expected a disk, found none of its bytes`)
  if (size > maxDiskBytes) throw new PackageError('disk-too-large', `\`${path}\`: expected at most ${maxDiskBytes} bytes, found ${size}`)
  if (size % sectorBytes !== 0) {
    throw new PackageError('disk-invalid', `\`${path}\`: expected a raw disk image of whole ${sectorBytes}-byte sectors, found ${size} bytes`)
  }
}
