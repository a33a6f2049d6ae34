// SPDX-License-Identifier: Apache-2.0
//
// The threads that open objects for all disks of a process. They start when there is work, keep the process alive only while there is
// some, and take it in the order in which it came.
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { ObjectRef } from '../chunk/open.ts'
import { PackageError } from '../error.ts'
import { openFrom } from './open-from.ts'
import type { Answer, DiskObjectKind, OpenTask, StashTask, Task } from './opening-task.ts'

const mostThreads = 4
/** One at hand and some that wait, so that a thread need not sleep while its caller is busy. */
const tasksOfThread = 4

interface Waiting {
  readonly task: Task
  readonly moved: readonly ArrayBuffer[]
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: Error) => void
}

interface Thread {
  readonly worker: Worker
  readonly tasks: Map<number, Waiting>
}

let shared: OpeningPool | null = null

/** The one of this process. */
export function openingPool(): OpeningPool {
  shared ??= new OpeningPool(Math.min(availableParallelism(), mostThreads))
  return shared
}

export class OpeningPool {
  readonly #limit: number
  readonly #threads = new Set<Thread>()
  #queue: Waiting[] = []
  #lastId = 0

  constructor(threads: number) {
    this.#limit = threads
  }

  /**
   * @param from the object's bytes, or the path of its file. @param plainLength not used for a root.
   * @returns the bytes that were sealed; null when there is no such file.
   * @throws PackageError `<kind>-altered`, `object-too-long`; Error when the file cannot be read.
   */
  async open(kind: DiskObjectKind, { name, key, storedLength }: ObjectRef, plainLength: number, from: Uint8Array | string): Promise<Buffer | null> {
    // The first of a disk, small, and all the others wait for it: a thread would take longer to start.
    if (kind === 'root') return openFrom({ kind, ref: { name, key, storedLength }, plainLength, from })
    // The key is a part of its page's bytes, which must not go along.
    const ref = { name, key: new Uint8Array(key), storedLength }
    const answer = await this.#do({ work: 'open', kind, ref, plainLength, from }, [])
    if (!('plain' in answer)) throw new Error('a thread answered another task')
    return answer.plain === null ? null : Buffer.from(answer.plain.buffer, answer.plain.byteOffset, answer.plain.byteLength)
  }

  /** `plain` must own its memory, and is gone afterwards. @returns the tags of its sectors. @throws Error when the file cannot be written. */
  async stash(task: Omit<StashTask, 'id' | 'work' | 'plain'> & { readonly plain: Uint8Array<ArrayBuffer> }): Promise<Uint8Array> {
    const answer = await this.#do({ work: 'stash', ...task }, [task.plain.buffer])
    if (!('tags' in answer)) throw new Error('a thread answered another task')
    return answer.tags
  }

  #do(task: Omit<OpenTask, 'id'> | Omit<StashTask, 'id'>, moved: readonly ArrayBuffer[]): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    this.#lastId += 1
    this.#queue.push({ task: { ...task, id: this.#lastId }, moved, resolve, reject })
    this.#hand()
    return promise
  }

  #hand(): void {
    while (this.#queue.length > 0) {
      const thread = this.#idlest()
      const next = thread === null ? undefined : this.#queue.shift()
      if (thread === null || next === undefined) return
      if (thread.tasks.size === 0) thread.worker.ref()
      thread.tasks.set(next.task.id, next)
      thread.worker.postMessage(next.task, [...next.moved])
    }
  }

  #idlest(): Thread | null {
    const [first] = [...this.#threads].sort((a, b) => a.tasks.size - b.tasks.size)
    if (first?.tasks.size === 0) return first
    if (this.#threads.size < this.#limit) return this.#start()
    return first !== undefined && first.tasks.size < tasksOfThread ? first : null
  }

  #start(): Thread {
    const worker = new Worker(new URL('./opening-worker.ts', import.meta.url), { execArgv: [] })
    const thread: Thread = { worker, tasks: new Map() }
    this.#threads.add(thread)
    worker.unref()
    worker.on('message', (answer: Answer) => {
      const waiting = thread.tasks.get(answer.id)
      thread.tasks.delete(answer.id)
      if (thread.tasks.size === 0) worker.unref()
      this.#hand()
      if ('failure' in answer) waiting?.reject(toError(answer.failure))
      else waiting?.resolve(answer)
    })
    worker.on('error', (error) => this.#lose(thread, error))
    worker.on('exit', (code) => this.#lose(thread, new Error(`a thread that opens objects ended with ${code}`)))
    return thread
  }

  /** What it had at hand fails; the next work starts another one. */
  #lose(thread: Thread, error: Error): void {
    this.#threads.delete(thread)
    for (const { reject } of thread.tasks.values()) reject(error)
    thread.tasks.clear()
    this.#hand()
  }
}

function toError({ code, message }: Extract<Answer, { failure: unknown }>['failure']): Error {
  return code === null ? new Error(message) : new PackageError(code, message)
}
