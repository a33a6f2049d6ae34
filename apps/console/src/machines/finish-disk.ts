// SPDX-License-Identifier: Apache-2.0
//
// A disk of which every byte is there: looked at, hashed, ready. One that cannot be what it should be is refused, and can be sent again.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Operator, requireRight } from '../access/actor.ts'
import { appendAudit } from '../audit/append.ts'
import { and, eq } from '../db/drizzle.ts'
import { ConsoleError } from '../error.ts'
import type { OpenConsole } from '../organisation/open.ts'
import type { DiskRow } from './machine.ts'

/** @throws ConsoleError `disk-unbootable`, `upload-refused`; the file is removed then. */
export async function finishDisk(actor: Operator, { db, now, layout }: OpenConsole, machine: string, disk: DiskRow): Promise<void> {
  requireRight(actor, 'machine:author')
  const path = join(layout.disks, disk.file)
  try {
    const { size } = await stat(path)
    if (size !== disk.sizeBytes) throw new ConsoleError('upload-refused', `expected ${disk.sizeBytes} bytes, found ${size}`)
    if (disk.position === 0) await requireBootSignature(path)
  } catch (error) {
    for (const part of [path, `${path}.json`]) await rm(part, { force: true })
    throw error
  }
  const sha256 = await hashFile(path)
  const { machineDisks } = db.tables
  await db.transaction(async (tx) => {
    await tx
      .update(machineDisks)
      .set({ state: 'ready', sha256 })
      .where(and(eq(machineDisks.machineId, disk.machineId), eq(machineDisks.name, disk.name)))
    await appendAudit(tx, actor, now(), { action: 'machine.disk-uploaded', subject: machine, details: { disk: disk.name, sha256 } })
  })
  await rm(`${path}.json`, { force: true })
}

/** A BIOS boots a disk whose first sector ends in 55 AA; so does the protective MBR of a GPT disk (UEFI specification, 5.2.3). */
async function requireBootSignature(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    const { buffer } = await file.read(Buffer.alloc(2), 0, 2, 510)
    if (buffer.readUInt16BE(0) === 0x55aa) return
    throw new ConsoleError(
      'disk-unbootable',
      'this is no raw image of a bootable disk: its first sector does not end in 55 AA. Convert other formats first, such as `qemu-img convert -O raw`',
    )
  } finally {
    await file.close()
  }
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const part of createReadStream(path, { highWaterMark: 1_048_576 })) hash.update(part)
  return hash.digest('hex')
}
