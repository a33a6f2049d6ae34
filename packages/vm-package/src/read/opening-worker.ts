// SPDX-License-Identifier: Apache-2.0
//
// A thread that reads, verifies, decrypts and decompresses objects, and stashes what is used no more. It keeps nothing between two tasks.
import { writeSync } from 'node:fs'
import { parentPort } from 'node:worker_threads'
import { PackageError } from '../error.ts'
import { openFrom } from './open-from.ts'
import type { Answer, StashTask, Task } from './opening-task.ts'
import { sealSectors } from './sector-cipher.ts'

/** Smaller ones may share their memory with others, which must not be moved away with them. */
const movedFrom = 65_536

parentPort?.on('message', (task: Task) => {
  try {
    if (task.work === 'open') answerOpened(task.id, openFrom(task))
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

function stash({ file, position, key, counter, plain }: StashTask): Uint8Array {
  const { sealed, tags } = sealSectors(key, counter, plain)
  plain.fill(0)
  for (let done = 0; done < sealed.length; ) done += writeSync(file, sealed, done, sealed.length - done, position + done)
  return tags
}
