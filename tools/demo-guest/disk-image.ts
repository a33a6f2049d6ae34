// SPDX-License-Identifier: Apache-2.0
//
// Writes the two disks of the demo machine as sparse raw images, with tools that need no root rights and no loop device.
//
//   sector 0       boot code of syslinux and the partition table
//   sector 1       record of the files that change later (demo-record.ts)
//   1 MiB          FAT16, active: syslinux, kernel, initrd
//   17 MiB         ext4, the root file system
import { open, readFile } from 'node:fs/promises'
import { type BootFiles, BUILD_TIME, createSparse, masterBootRecord, writeBootPartition } from './boot-partition.ts'
import { encodeRecord } from './demo-record.ts'
import { DemoGuestError } from './error.ts'
import type { Owned } from './file-owners.ts'
import type { HostTools } from './host-tools.ts'
import { runTool } from './run-tool.ts'

const MIB = 1024 * 1024
const SECTOR = 512
const BLOCK = 4096
const BOOT = { start: 1 * MIB, size: 16 * MIB, active: true, type: 0x0e }
const ROOT = { start: 17 * MIB, size: 111 * MIB, active: false, type: 0x83 }
const SYSTEM_SIZE = 128 * MIB
const USER_SIZE = 64 * MIB

// Fixed so that equal parts give equal file systems.
const ROOT_UUID = '6d1f7f0e-2f0b-4f0c-9d5e-0c5e5a7e0001'
const USER_UUID = '6d1f7f0e-2f0b-4f0c-9d5e-0c5e5a7e0002'
const FAKE_TIME = { E2FSPROGS_FAKE_TIME: BUILD_TIME, SOURCE_DATE_EPOCH: BUILD_TIME }

const KERNEL_ARGUMENTS = [
  'quiet',
  // Freed memory is zero, so a saved state of the guest has half the size.
  'init_on_free=1',
  'loglevel=1',
  'consoleblank=0',
  'mitigations=off',
  'nokaslr',
  'audit=0',
  'apparmor=0',
  'no_timer_check',
  'cryptomgr.notests',
  'noisapnp',
  'panic=10',
]

interface FileSystem {
  readonly image: string
  readonly start: number
  readonly size: number
  readonly label: string
  readonly uuid: string
  readonly folder: string
  readonly owned: readonly Owned[]
}

async function writeFileSystem(tools: HostTools, { image, start, size, label, uuid, folder, owned }: FileSystem): Promise<void> {
  const extended = `offset=${start},root_owner=0:0,lazy_itable_init=0,lazy_journal_init=0,hash_seed=${uuid}`
  const args = ['-q', '-F', '-t', 'ext4', '-b', String(BLOCK), '-m', '0', '-J', 'size=4', '-L', label, '-U', uuid, '-E', extended]
  await runTool({ program: tools.mke2fs, args: [...args, '-d', folder, image, String(size / BLOCK)], environment: FAKE_TIME })
  const changes = owned.flatMap(({ path, mode, owner }) => [
    `set_inode_field ${path} mode 0${mode.toString(8)}`,
    `set_inode_field ${path} uid ${owner}`,
    `set_inode_field ${path} gid ${owner}`,
    ...['atime', 'ctime', 'mtime', 'crtime'].map((time) => `set_inode_field ${path} ${time} @${BUILD_TIME}`),
  ])
  await runTool({
    program: tools.debugfs,
    args: ['-w', '-f', '-', `${image}?offset=${start}`],
    environment: FAKE_TIME,
    input: `${changes.join('\n')}\n`,
  })
}

/** Byte offset on the disk of the one block of a short file in the root file system. */
async function blockOf(tools: HostTools, image: string, path: string): Promise<number> {
  const said = await runTool({ program: tools.debugfs, args: ['-R', `blocks ${path}`, `${image}?offset=${ROOT.start}`] })
  const blocks = said.trim().split(/\s+/)
  const block = Number(blocks[0])
  if (blocks.length !== 1 || !Number.isSafeInteger(block) || block <= 0) {
    throw new DemoGuestError('image-invalid', `\`${path}\` should fill one block of the disk, debugfs says \`${said.trim()}\``)
  }
  return ROOT.start + block * BLOCK
}

export interface SystemDisk {
  readonly image: string
  /** Empty folder for parts of the work. */
  readonly work: string
  readonly boot: Omit<BootFiles, 'arguments'>
  readonly folder: string
  readonly owned: readonly Owned[]
}

export async function writeSystemDisk(tools: HostTools, { image, work, boot, folder, owned }: SystemDisk): Promise<void> {
  await createSparse(image, SYSTEM_SIZE)
  await writeBootPartition(tools, image, work, BOOT, { ...boot, arguments: KERNEL_ARGUMENTS })
  await writeFileSystem(tools, { image, start: ROOT.start, size: ROOT.size, label: 'casemate-root', uuid: ROOT_UUID, folder, owned })
  const record = encodeRecord({
    nonceOffset: await blockOf(tools, image, '/etc/casemate/nonce'),
    releaseOffset: await blockOf(tools, image, '/etc/casemate/release'),
  })
  await using file = await open(image, 'r+')
  await file.write(Buffer.concat([masterBootRecord(await readFile(tools['mbr.bin']), [BOOT, ROOT]), record]), 0, 2 * SECTOR, 0)
  await file.sync()
}

export async function writeUserDisk(tools: HostTools, image: string, folder: string, owned: readonly Owned[]): Promise<void> {
  await createSparse(image, USER_SIZE)
  await writeFileSystem(tools, { image, start: 0, size: USER_SIZE, label: 'casemate-user', uuid: USER_UUID, folder, owned })
}
