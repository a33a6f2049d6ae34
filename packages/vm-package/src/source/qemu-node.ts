// SPDX-License-Identifier: Apache-2.0
import type { ImageFile } from './image-file.ts'
import { sectorBytes } from './whole-sectors.ts'

/** The file that a program of QEMU has as descriptor 3, or the part of it in which the image lies, as the node below a format driver. */
export function fileNode({ offset, length, fileSize }: ImageFile): object {
  const file = { driver: 'file', filename: '/proc/self/fd/3' }
  if (offset === 0 && length === fileSize) return file
  // The driver takes whole sectors only. An archive fills its members up to them.
  return { driver: 'raw', offset, size: Math.ceil(length / sectorBytes) * sectorBytes, file }
}
