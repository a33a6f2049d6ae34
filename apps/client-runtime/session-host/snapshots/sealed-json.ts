// SPDX-License-Identifier: Apache-2.0
//
// A small JSON document, sealed as suspended states are: confidential, authenticated, bound to where it belongs; there whole or not at all.
import { openState } from '@casemate/engine/state-open'
import { sealState } from '@casemate/engine/state-seal'
import type { StateFile } from '@casemate/engine/virtual-machine'
import { parseStrictJson } from '@casemate/policy/strict-json'
import type { z } from 'zod'
import { SnapshotError } from './error.ts'

const largest = 65_536

export async function writeSealed(file: StateFile, value: unknown): Promise<void> {
  await sealState(file, [Buffer.from(JSON.stringify(value))])
}

/** @throws SnapshotError `snapshot-altered` for one that is missing, or that this key and binding did not seal. */
export async function readSealed<T>(file: StateFile, schema: z.ZodType<T>): Promise<T> {
  try {
    const bytes = await openSealed(file)
    return schema.parse(parseStrictJson(new Uint8Array(bytes), { maxBytes: largest, maxDepth: 8 }))
  } catch (cause) {
    throw new SnapshotError('snapshot-altered', `\`${file.path}\` was altered, or belongs elsewhere`, cause)
  }
}

/** @throws EngineError `state-altered`, `state-mismatch` */
export async function openSealed(file: StateFile): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of await openState(file)) pieces.push(piece)
  return Buffer.concat(pieces)
}
