// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto'
import { rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { syncFolder } from './sync-folder.ts'

/**
 * A file or folder at `out`, whole or not at all: `make` makes it, durable, under another name beside it.
 * @throws what `make` throws; the error of the system
 */
export async function makeAside(out: string, make: (aside: string) => Promise<void>): Promise<void> {
  const aside = join(dirname(out), `.${randomUUID()}`)
  try {
    await make(aside)
    await rename(aside, out)
  } catch (error) {
    await rm(aside, { recursive: true, force: true })
    throw error
  }
  await syncFolder(dirname(out))
}
