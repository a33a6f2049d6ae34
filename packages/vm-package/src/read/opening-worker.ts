// SPDX-License-Identifier: Apache-2.0
//
// A thread that reads, verifies, decrypts and decompresses objects, and stashes what is used no more. It keeps nothing between two tasks.
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs'
import { parentPort } from 'node:worker_threads'
import { openObject, openSealed } from '../chunk/open.ts'
import { PackageError } from '../error.ts'
import type { Answer, OpenTask, StashTask, Task } from './opening-task.ts'
import { sealSectors } from './sector-cipher.ts'

/** Smaller ones may share their memory with others, which must not be moved away with them. */
const movedFrom = 65_536

parentPort?.on('message', (task: Task) => {
  try {
    if (task.work === 'open') answerOpened(task.id, open(task))
    else answer({ id: task.id, tags: stash(task) })
  } catch (error) {
    const code = error instanceof PackageError ? error.code : null
    answer({ id: task.id, failure: { code, message: error instanceof Error ? error.message : String(error) } })
  }
})

function answer(message: Answer, moved: readonly ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, [...moved])
}

function answerOpened(id: number, plain: Buffer | null): void {
  if (plain === null || plain.length < movedFrom || !(plain.buffer instanceof ArrayBuffer)) answer({ id, plain })
  else answer({ id, plain }, [plain.buffer])
}

function open({ kind, ref, plainLength, from }: OpenTask): Buffer | null {
  const object = typeof from === 'string' ? readWhole(from, ref.storedLength) : from
  if (object === null) return null
  return kind === 'root' ? openSealed(kind, object, ref) : openObject(kind, object, ref, plainLength)
}

/** Null when there is no such file. @throws PackageError `object-too-long` */
function readWhole(path: string, maxBytes: number): Buffer | null {
  const file = openThere(path)
  if (file === null) return null
  try {
    const { size } = fstatSync(file)
    if (size > maxBytes) throw new PackageError('object-too-long', `expected at most ${maxBytes} bytes, found ${size}`)
    const bytes = Buffer.allocUnsafeSlow(size)
    return bytes.subarray(0, readSync(file, bytes, 0, size, 0))
  } finally {
    closeSync(file)
  }
}

function openThere(path: string): number | null {
  try {
    return openSync(path, 'r')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}

function stash({ file, position, key, counter, plain }: StashTask): Uint8Array {
  const { sealed, tags } = sealSectors(key, counter, plain)
  plain.fill(0)
  for (let done = 0; done < sealed.length; ) done += writeSync(file, sealed, done, sealed.length - done, position + done)
  return tags
}
