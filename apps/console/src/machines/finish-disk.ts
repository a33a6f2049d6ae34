// SPDX-License-Identifier: Apache-2.0
//
// An image of which every byte is there: looked at, hashed, ready. One that cannot be what it should be is refused, and can be sent again.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { hasBootSignature } from '@casemate/vm-package/boot-hints'
import { openDiskSource } from '@casemate/vm-package/disk-source'
import { type Operator, requireRight } from '../access/actor.ts'
import { appendAudit } from '../audit/append.ts'
import { and, eq } from '../db/drizzle.ts'
import { ConsoleError } from '../error.ts'
import type { OpenConsole } from '../organisation/open.ts'
import type { DiskRow } from './machine.ts'

/** @throws ConsoleError `disk-unbootable`, `upload-refused`; PackageError of what cannot be sealed. The file is removed then. */
export async function finishDisk(actor: Operator, { db, now, layout }: OpenConsole, machine: string, disk: DiskRow): Promise<void> {
  requireRight(actor, 'machine:author')
  const path = join(layout.disks, disk.file)
  let sizeBytes: number
  try {
    const { size } = await stat(path)
    if (size !== disk.sizeBytes) throw new ConsoleError('upload-refused', `expected ${disk.sizeBytes} bytes, found ${size}`)
    sizeBytes = await lookInto(path, disk)
  } catch (error) {
    for (const part of [path, `${path}.json`]) await rm(part, { force: true })
    throw error
  }
  const sha256 = await hashFile(path)
  const { machineDisks } = db.tables
  await db.transaction(async (tx) => {
    await tx
      .update(machineDisks)
      .set({ state: 'ready', sizeBytes, sha256 })
      .where(and(eq(machineDisks.machineId, disk.machineId), eq(machineDisks.name, disk.name)))
    await appendAudit(tx, actor, now(), { action: 'machine.disk-uploaded', subject: machine, details: { disk: disk.name, sha256 } })
  })
  await rm(`${path}.json`, { force: true })
}

/** @returns bytes of the disk in the image. */
async function lookInto(path: string, { name, position }: DiskRow): Promise<number> {
  const source = await openDiskSource(path, name)
  try {
    if (position === 0) requireBootSignature(source.head)
    return source.size
  } finally {
    await source.close()
  }
}

function requireBootSignature(head: Buffer): void {
  if (hasBootSignature(head)) return
  throw new ConsoleError('disk-unbootable', 'this is no image of a bootable disk: the first sector of the disk does not end in 55 AA')
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const part of createReadStream(path, { highWaterMark: 1_048_576 })) hash.update(part)
  return hash.digest('hex')
}
