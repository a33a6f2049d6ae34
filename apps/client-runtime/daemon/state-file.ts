// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises'
import { parseStrictJson } from '@casemate/policy/strict-json'
import type { z } from 'zod'
import { RuntimeError } from './error.ts'
import { writeWhole } from './update/write-whole.ts'

const largest = 4_194_304

/** @returns undefined where there is no such file. @throws the read error. */
export async function readBytes(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** @returns undefined where there is no such file. @throws RuntimeError `state-altered` */
export async function readState<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  const bytes = await readBytes(path)
  if (bytes === undefined) return undefined
  try {
    return schema.parse(parseStrictJson(new Uint8Array(bytes), { maxBytes: largest, maxDepth: 16 }))
  } catch (cause) {
    throw new RuntimeError('state-altered', `expected the state of this runtime in \`${path}\`, found something else`, { cause })
  }
}

/** The old state or the new one, whatever happens; private to this user. */
export async function writeState(path: string, value: unknown): Promise<void> {
  await writeWhole(path, Buffer.from(JSON.stringify(value)))
}
