// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { DatabaseError } from './error.ts'

export interface Migration {
  readonly tag: string
  readonly script: string
  /** SHA-256 of the script, hexadecimal; line endings do not count, since git may change them. */
  readonly hash: string
}

/** What drizzle-kit writes beside its scripts. */
const journal = z.strictObject({
  version: z.string(),
  dialect: z.enum(['sqlite', 'postgresql']),
  entries: z.array(
    z.strictObject({
      idx: z.int().min(0),
      version: z.string(),
      when: z.int().min(0),
      tag: z.string().regex(/^[a-z0-9_]{1,100}$/),
      breakpoints: z.boolean(),
    }),
  ),
})

/**
 * The migrations in a folder that drizzle-kit wrote, in their order.
 * @throws DatabaseError `migrations-invalid` when a file is missing or the journal is not what drizzle-kit writes.
 */
export async function readMigrations(folder: string): Promise<readonly Migration[]> {
  const { entries } = await readJournal(join(folder, 'meta', '_journal.json'))
  const migrations: Migration[] = []
  for (const [position, { idx, tag }] of entries.entries()) {
    if (idx !== position) throw new DatabaseError('migrations-invalid', `\`${tag}\`: expected position ${position}, found ${idx}`)
    const script = (await readText(join(folder, `${tag}.sql`))).replaceAll('\r\n', '\n')
    migrations.push({ tag, script, hash: createHash('sha256').update(script).digest('hex') })
  }
  return migrations
}

async function readJournal(file: string): Promise<z.infer<typeof journal>> {
  const text = await readText(file)
  try {
    return journal.parse(JSON.parse(text))
  } catch (error) {
    throw new DatabaseError('migrations-invalid', `\`${file}\` is not a journal of drizzle-kit`, error)
  }
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new DatabaseError('migrations-invalid', `\`${file}\` cannot be read`, error)
  }
}
