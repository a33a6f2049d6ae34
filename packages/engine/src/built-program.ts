// SPDX-License-Identifier: Apache-2.0
//
// A program that was bundled from sources into one file, which starts faster than they do. It stands for these sources only while each is
// what it was made from: its first line names them, by path from the bundle, with their SHA-256.
import { hash } from 'node:crypto'
import { open, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'

/** Ends with JSON; the number changes with how bundles are made. */
export const HEAD = '// casemate-program-1 '
const MOST_HEAD_BYTES = 262_144
const inputs = z.record(z.string().min(1), z.string().regex(/^[0-9a-f]{64}$/))

/** @returns `file` where it is current; null where it is not, is not there or cannot be read: the sources are to be run then */
export async function currentProgram(file: string): Promise<string | null> {
  try {
    const known = Object.entries(inputs.parse(JSON.parse(await headOf(file))))
    const same = await Promise.all(known.map(async ([path, sha256]) => hash('sha256', await readFile(join(dirname(file), path))) === sha256))
    return known.length > 0 && same.every(Boolean) ? file : null
  } catch {
    return null
  }
}

async function headOf(file: string): Promise<string> {
  const handle = await open(file)
  try {
    const bytes = Buffer.alloc(Math.min(MOST_HEAD_BYTES, (await handle.stat()).size))
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0)
    const end = bytes.subarray(0, bytesRead).indexOf('\n')
    const line = bytes.toString('utf8', 0, end)
    if (end < 0 || !line.startsWith(HEAD)) throw new Error(`\`${file}\` has no head`)
    return line.slice(HEAD.length)
  } finally {
    await handle.close()
  }
}
