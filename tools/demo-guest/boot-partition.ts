// SPDX-License-Identifier: Apache-2.0
//
// What a BIOS needs of a disk to boot a Linux kernel: table of partitions, boot code, and a FAT16 with syslinux. No root rights, no loop device.
import { open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DemoGuestError } from './error.ts'
import type { HostTools } from './host-tools.ts'
import { runTool } from './run-tool.ts'

const SECTOR = 512
// Fixed so that equal parts give equal file systems.
export const BUILD_TIME = '1767225600'

export interface BootFiles {
  readonly kernel: string
  readonly initrd: Uint8Array
  readonly arguments: readonly string[]
}

/** In bytes; `type` as the table of partitions spells it. */
export interface Partition {
  readonly active: boolean
  readonly type: number
  readonly start: number
  readonly size: number
}

function partitionEntry({ active, type, start, size }: Partition): Buffer {
  const entry = Buffer.alloc(16)
  entry[0] = active ? 0x80 : 0
  entry[4] = type
  // Cylinder, head, sector "beyond": the boot code then uses the sector numbers below.
  entry.set([0xfe, 0xff, 0xff], 1)
  entry.set([0xfe, 0xff, 0xff], 5)
  entry.writeUInt32LE(start / SECTOR, 8)
  entry.writeUInt32LE(size / SECTOR, 12)
  return entry
}

/** Sector 0: 440 bytes of boot code, disk signature, at most four entries, 55 aa. */
export function masterBootRecord(bootCode: Buffer, partitions: readonly Partition[]): Buffer {
  if (bootCode.length > 440) throw new DemoGuestError('image-invalid', `the boot code has ${bootCode.length} bytes, expected at most 440`)
  const sector = Buffer.alloc(SECTOR)
  bootCode.copy(sector)
  sector.writeUInt32LE(0xca5e_0001, 440)
  for (const [index, partition] of partitions.entries()) partitionEntry(partition).copy(sector, 446 + 16 * index)
  sector.writeUInt16LE(0xaa55, 510)
  return sector
}

export async function createSparse(path: string, size: number): Promise<void> {
  await using file = await open(path, 'wx')
  await file.truncate(size)
}

/** A FAT16 that syslinux boots `files` from. */
export async function writeBootPartition(tools: HostTools, image: string, work: string, { start, size }: Partition, files: BootFiles): Promise<void> {
  const partition = `${image}@@${start}`
  // mtools otherwise reads the settings of whoever runs it, and may ask questions.
  const environment = { MTOOLSRC: '/dev/null', MTOOLS_SKIP_CHECK: '1', SOURCE_DATE_EPOCH: BUILD_TIME }
  const sectors = String(size / SECTOR)
  const geometry = ['-T', sectors, '-h', '64', '-s', '32', '-H', String(start / SECTOR), '-c', '4', '-N', 'ca5e0001', '-v', 'CASEMATE']
  await runTool({ program: tools.mformat, args: ['-i', partition, ...geometry, '::'], environment })
  await runTool({ program: tools.syslinux, args: ['--install', '--offset', String(start), image], environment })
  const initrd = join(work, 'initrd.img')
  const settings = join(work, 'syslinux.cfg')
  await writeFile(initrd, files.initrd)
  // No SERIAL line: the boot loader waits for ever on a machine that has no serial port.
  await writeFile(
    settings,
    `DEFAULT casemate\nPROMPT 0\nLABEL casemate\n  LINUX vmlinuz\n  INITRD initrd.img\n  APPEND ${files.arguments.join(' ')}\n`,
  )
  await runTool({ program: tools.mcopy, args: ['-i', partition, files.kernel, '::vmlinuz'], environment })
  await runTool({ program: tools.mcopy, args: ['-i', partition, initrd, settings, '::'], environment })
}
