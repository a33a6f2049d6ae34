// SPDX-License-Identifier: Apache-2.0
//
// The demo guest as a machine: its images are copied (shared blocks where the file system can) and finished like uploaded ones.
import { constants, copyFile, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { hardware } from '@casemate/vm-package/hardware'
import { parse } from 'yaml'
import { z } from 'zod'
import { type Operator, requireRight } from '../access/actor.ts'
import { and, eq } from '../db/drizzle.ts'
import { ConsoleError } from '../error.ts'
import type { OpenConsole } from '../organisation/open.ts'
import { finishDisk } from './finish-disk.ts'
import { createMachine, deleteMachine, disksOf, findMachine, type MachineView } from './machine.ts'

const name = 'demo-guest'
const described = z.strictObject({ ...hardware.shape, disks: z.record(z.string(), z.unknown()) })

/** @param folder where the images are; null: this console was not told. @throws ConsoleError `not-found`, `exists`, `disk-full` */
export async function registerDemoGuest(actor: Operator, console: OpenConsole, folder: string | null): Promise<MachineView> {
  requireRight(actor, 'machine:author')
  if (folder === null)
    throw new ConsoleError('not-found', 'this console has no demo guest at hand: start it with `--demo-guest`, as `npm start` does')
  const { disks: _, ...machine } = described.parse(parse(await readFile(join(folder, 'machine.yaml'), 'utf8')))
  const images = await Promise.all(
    (['system', 'user'] as const).map(async (role) => {
      const path = join(folder, `${role}.raw`)
      return { role, path, sizeBytes: (await stat(path)).size }
    }),
  )
  await createMachine(actor, console, {
    ...{ name, hardware: machine },
    disks: images.map(({ role, sizeBytes }) => ({ name: role, role, sizeBytes })),
  })
  try {
    const { machines } = console.db.tables
    const own = and(eq(machines.organisationId, actor.organisation), eq(machines.name, name))
    const [row] = await console.db.select({ id: machines.id }).from(machines).where(own)
    for (const disk of row === undefined ? [] : await disksOf(console, row.id)) {
      const image = images.find(({ role }) => role === disk.name)
      if (image === undefined) continue
      await copyFile(image.path, join(console.layout.disks, disk.file), constants.COPYFILE_FICLONE)
      await finishDisk(actor, console, name, disk)
    }
    return await findMachine(actor, console, name)
  } catch (error) {
    await deleteMachine(actor, console, name)
    throw error
  }
}
