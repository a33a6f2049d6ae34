// SPDX-License-Identifier: Apache-2.0
import { open } from 'node:fs/promises'
import { EngineError } from '../error.ts'
import type { StateFile } from '../virtual-machine.ts'
import { deriveStateKeys, headerLength, parseSalt, type StateKeys, verifyHeader, verifySealed } from './format.ts'
import { openSegments, type ReadAt } from './segments.ts'

/**
 * The plain bytes of a state that `sealState` wrote, to be read once. The whole file has been authenticated when this resolves. Each segment is
 * authenticated again as it is read, so a file changed in between ends the iteration with `state-altered` and yields no foreign byte.
 * @throws EngineError `state-altered` for a file that is missing, cut, changed, or sealed under another key; `state-mismatch` for another binding.
 */
export async function openState(file: StateFile): Promise<AsyncIterable<Uint8Array>> {
  try {
    const header = await readHeader(file.path)
    const keys = deriveStateKeys(file.key, parseSalt(header))
    verifyHeader(keys, header, file.binding)
    for await (const segment of segmentsOf(file.path, keys)) segment.fill(0)
    return segmentsOf(file.path, keys)
  } catch (error) {
    if (error instanceof EngineError) throw error
    throw new EngineError('state-altered', `the suspended state \`${file.path}\` cannot be read`, error)
  }
}

/** Whether all of it was sealed under its key, whatever it was bound to. */
export async function isStateIntact({ path, key }: Pick<StateFile, 'path' | 'key'>): Promise<boolean> {
  try {
    const header = await readHeader(path)
    const keys = deriveStateKeys(key, parseSalt(header))
    verifySealed(keys, header)
    for await (const segment of segmentsOf(path, keys)) segment.fill(0)
    return true
  } catch {
    return false
  }
}

/** Opens the file only once somebody iterates, so a stream that is never read leaks nothing. */
async function* segmentsOf(path: string, keys: StateKeys): AsyncGenerator<Uint8Array> {
  const handle = await open(path, 'r')
  try {
    const { size } = await handle.stat()
    const read: ReadAt = async (buffer, position) => (await handle.read(buffer, 0, buffer.length, position)).bytesRead
    yield* openSegments(keys.segments, read, headerLength, size)
  } finally {
    await handle.close()
  }
}

async function readHeader(path: string): Promise<Uint8Array> {
  const handle = await open(path, 'r')
  try {
    const header = new Uint8Array(headerLength)
    const { bytesRead } = await handle.read(header, 0, headerLength, 0)
    return header.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}
