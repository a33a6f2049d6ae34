// SPDX-License-Identifier: Apache-2.0
//
// Authored machines: hardware, and images of disks in the console's folder. A disk is `uploading` until every byte of its image is there and
// looked at.
import { randomUUID } from 'node:crypto'
import { rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { Hardware } from '@casemate/vm-package/hardware'
import { diskName } from '@casemate/vm-package/manifest'
import { z } from 'zod'
import { type Operator, requireRight } from '../access/actor.ts'
import { appendAudit } from '../audit/append.ts'
import { and, asc, eq } from '../db/drizzle.ts'
import { ConsoleError } from '../error.ts'
import type { OpenConsole } from '../organisation/open.ts'

export interface WantedDisk {
  readonly name: string
  readonly role: 'system' | 'user'
  /** Of its image, as a file. */
  readonly sizeBytes: number
}

export interface MachineView {
  readonly name: string
  readonly hardware: Hardware
  readonly createdBy: string
  /** Unix seconds. */
  readonly createdAt: number
  readonly disks: readonly DiskView[]
}

export interface DiskView extends Omit<WantedDisk, 'sizeBytes'> {
  /** Of its image, as a file, while that is uploaded; then of the disk. */
  readonly sizeBytes: number
  readonly position: number
  readonly state: 'uploading' | 'ready'
  /** What is here of an image that is being uploaded. */
  readonly uploadedBytes: number
  readonly sha256: string | null
}

export const wantedDisks = z
  .array(
    z.strictObject({
      name: diskName,
      role: z.enum(['system', 'user']),
      sizeBytes: z
        .int()
        .min(1)
        .max(2 ** 44),
    }),
  )
  .min(1)
  .max(4)
  .refine((disks) => disks[0]?.role === 'system', 'expected the first disk to be the system disk')
  .refine((disks) => new Set(disks.map(({ name }) => name)).size === disks.length, 'expected each disk name once')

/** What must stay free beside the disks of a machine. */
const spareBytes = 64 * 1024 * 1024

/** Where the disks of a machine that is authored here are attached. */
export function controllerOn({ chipset }: Hardware): 'ide' | 'sata' {
  return chipset === 'q35' ? 'sata' : 'ide'
}

/** @throws ConsoleError `exists`, `disk-full` */
export async function createMachine(
  actor: Operator,
  console: OpenConsole,
  wanted: { readonly name: string; readonly hardware: Hardware; readonly disks: readonly WantedDisk[] },
): Promise<MachineView> {
  requireRight(actor, 'machine:author')
  const { db, now, layout } = console
  const { name, hardware, disks } = wanted
  const { bavail, bsize } = await statfs(layout.disks)
  const needed = disks.reduce((sum, { sizeBytes }) => sum + sizeBytes, spareBytes)
  if (bavail * bsize < needed) {
    throw new ConsoleError('disk-full', `the console's disk has ${bavail * bsize} bytes free, and this machine needs ${needed}: make room first`)
  }
  await db.transaction(async (tx) => {
    const { machines, machineDisks } = tx.tables
    const own = and(eq(machines.organisationId, actor.organisation), eq(machines.name, name))
    const [known] = await tx.select({ id: machines.id }).from(machines).where(own)
    if (known !== undefined) throw new ConsoleError('exists', `there is a machine \`${name}\` already`)
    const id = randomUUID()
    await tx
      .insert(machines)
      .values({ id, organisationId: actor.organisation, name, hardware, createdBy: actor.user, createdAt: new Date(now() * 1000) })
    for (const [position, disk] of disks.entries()) {
      await tx.insert(machineDisks).values({ machineId: id, ...disk, position, state: 'uploading', file: randomUUID(), sha256: null })
    }
    await appendAudit(tx, actor, now(), { action: 'machine.created', subject: name, details: { disks: disks.map((disk) => disk.name) } })
  })
  return await findMachine(actor, console, name)
}

export async function listMachines(actor: Operator, console: OpenConsole): Promise<readonly MachineView[]> {
  requireRight(actor, 'catalogue:see')
  const { machines, users } = console.db.tables
  const rows = await console.db
    .select({ id: machines.id, name: machines.name, hardware: machines.hardware, createdAt: machines.createdAt, createdBy: users.login })
    .from(machines)
    .innerJoin(users, eq(users.id, machines.createdBy))
    .where(eq(machines.organisationId, actor.organisation))
    .orderBy(asc(machines.name))
  return await Promise.all(
    rows.map(async ({ id, createdAt, hardware, ...row }) => ({
      ...row,
      hardware: readHardware(hardware),
      createdAt: Math.floor(createdAt.getTime() / 1000),
      disks: await Promise.all((await disksOf(console, id)).map((disk) => viewDisk(console, disk))),
    })),
  )
}

/** @throws ConsoleError `not-found` */
export async function findMachine(actor: Operator, console: OpenConsole, name: string): Promise<MachineView> {
  const found = (await listMachines(actor, console)).find((machine) => machine.name === name)
  if (found === undefined) throw new ConsoleError('not-found', `there is no machine \`${name}\``)
  return found
}

/** With its disks; packages that were sealed from it stay. @throws ConsoleError `not-found` */
export async function deleteMachine(actor: Operator, console: OpenConsole, name: string): Promise<void> {
  requireRight(actor, 'machine:author')
  const { db, now, layout } = console
  const { machines } = db.tables
  const own = and(eq(machines.organisationId, actor.organisation), eq(machines.name, name))
  const [found] = await db.select({ id: machines.id }).from(machines).where(own)
  if (found === undefined) throw new ConsoleError('not-found', `there is no machine \`${name}\``)
  const files = (await disksOf(console, found.id)).map(({ file }) => file)
  await db.transaction(async (tx) => {
    await tx.delete(machines).where(own)
    await appendAudit(tx, actor, now(), { action: 'machine.deleted', subject: name })
  })
  for (const file of files) for (const path of [file, `${file}.json`]) await rm(join(layout.disks, path), { force: true })
}

export type DiskRow = Awaited<ReturnType<typeof disksOf>>[number]

export async function disksOf({ db }: OpenConsole, machineId: string) {
  const { machineDisks } = db.tables
  return await db.select().from(machineDisks).where(eq(machineDisks.machineId, machineId)).orderBy(asc(machineDisks.position))
}

async function viewDisk({ layout }: OpenConsole, { name, role, position, state, sizeBytes, sha256, file }: DiskRow): Promise<DiskView> {
  const here =
    state === 'ready'
      ? sizeBytes
      : await stat(join(layout.disks, file)).then(
          ({ size }) => size,
          () => 0,
        )
  return { name, role, position, state, sizeBytes, sha256, uploadedBytes: here }
}

const stored = z.custom<Hardware>((value) => value !== null && typeof value === 'object')
/** Checked when it was written, and again when it is sealed. */
const readHardware = (value: unknown): Hardware => stored.parse(value)
