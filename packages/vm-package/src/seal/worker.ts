// SPDX-License-Identifier: Apache-2.0
//
// A thread of a seal: answers each task with one message, in order, and keeps nothing between two.
import { parentPort, workerData } from 'node:worker_threads'
import { PackageError } from '../error.ts'
import { TaskSealer } from './seal-task.ts'
import type { Answer, SystemCause, Task } from './task.ts'

const sealer = new TaskSealer(workerData)

parentPort?.on('message', (task: Task) => {
  const { id, buffer } = task
  try {
    const objects = sealer.seal(task)
    const moved = objects.flatMap(({ bytes }) => (bytes === null ? [] : [bytes.buffer]))
    parentPort?.postMessage({ id, buffer, objects } satisfies Answer, [buffer, ...moved])
  } catch (error) {
    const { code, message, cause } = error instanceof PackageError ? error : { code: null, message: String(error), cause: undefined }
    const failure = { code, message, cause: cause instanceof Error ? describe(cause) : null }
    parentPort?.postMessage({ id, buffer, failure } satisfies Answer, [buffer])
  }
})

function describe(cause: Error): SystemCause {
  return { message: cause.message, syscall: 'syscall' in cause && typeof cause.syscall === 'string' ? cause.syscall : null }
}
