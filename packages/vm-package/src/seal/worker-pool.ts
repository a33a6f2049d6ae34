// SPDX-License-Identifier: Apache-2.0
//
// The worker threads of one seal and the buffers that go between them and their caller. There are few buffers: whoever wants one waits
// until a batch is done, which bounds the memory whatever the disk's size.
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { PackageError } from '../error.ts'
import { batchBytes } from './cut-region.ts'
import { TaskSealer } from './seal-task.ts'
import type { Answer, ObjectToStore, SealWorkerData, Task } from './task.ts'

/** More would want more memory than a seal may have. */
const mostThreads = 8
/** Threads take a while to start. */
const leastBytes = 33_554_432
/** Of one thread; sealed bytes lie outside. */
const heapMegabytes = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8 }

interface Done {
  readonly objects: readonly ObjectToStore[]
  /** The one that was given, with other memory behind it. */
  readonly buffer: Buffer<ArrayBuffer>
}

interface Waiting {
  readonly resolve: (done: Done) => void
  readonly reject: (error: Error) => void
}

interface Thread {
  readonly worker: Worker
  readonly tasks: Map<number, Waiting>
}

export class WorkerPool {
  readonly #data: SealWorkerData
  readonly #threads: readonly Thread[]
  /** Where there are no threads. */
  #here: TaskSealer | null = null
  readonly #free: Buffer<ArrayBuffer>[] = []
  readonly #takers: { readonly resolve: (buffer: Buffer<ArrayBuffer>) => void; readonly reject: (error: Error) => void }[] = []
  /** Buffers that may still be made. */
  #unmade: number
  #lastId = 0
  #broken: Error | null = null

  /** @param bytes that are going to come: a few are sealed on the caller's thread. */
  constructor(data: SealWorkerData, bytes: number) {
    this.#data = data
    const threads = bytes < leastBytes ? 0 : Math.min(availableParallelism(), mostThreads)
    this.#threads = Array.from({ length: threads }, () => this.#start())
    // Each thread has a batch at hand and one that waits; one more is being filled.
    this.#unmade = threads * 2 + 1
  }

  /** A buffer of `batchBytes` bytes, once there is one. */
  async takeBuffer(): Promise<Buffer<ArrayBuffer>> {
    if (this.#broken !== null) throw this.#broken
    const free = this.#free.pop()
    if (free !== undefined) return free
    if (this.#unmade > 0) {
      this.#unmade -= 1
      return Buffer.from(new ArrayBuffer(batchBytes))
    }
    const { promise, resolve, reject } = Promise.withResolvers<Buffer<ArrayBuffer>>()
    this.#takers.push({ resolve, reject })
    return await promise
  }

  giveBuffer(buffer: Buffer<ArrayBuffer>): void {
    const taker = this.#takers.shift()
    if (taker === undefined) this.#free.push(buffer)
    else taker.resolve(buffer)
  }

  /**
   * The objects of `runs`, in their order. `buffer` must own its memory and cannot be used until it is given back.
   * @throws PackageError `store-unwritable`; after a failure nothing goes any more.
   */
  seal(kind: Task['kind'], buffer: Buffer<ArrayBuffer>, runs: Task['runs']): Promise<Done> {
    if (this.#broken !== null) return Promise.reject(this.#broken)
    const thread = leastBusy(this.#threads)
    if (thread === null) return this.#sealHere({ id: 0, kind, buffer: buffer.buffer, runs })
    const { promise, resolve, reject } = Promise.withResolvers<Done>()
    const id = ++this.#lastId
    thread.tasks.set(id, { resolve, reject })
    thread.worker.postMessage({ id, kind, buffer: buffer.buffer, runs } satisfies Task, [buffer.buffer])
    return promise
  }

  /** Ends the threads; nothing may be under way. */
  async close(): Promise<void> {
    this.#break(new Error('the pool is closed'))
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()))
    this.#here?.close()
  }

  async #sealHere(task: Task): Promise<Done> {
    try {
      this.#here ??= new TaskSealer(this.#data)
      return { objects: this.#here.seal(task), buffer: Buffer.from(task.buffer) }
    } catch (error) {
      this.#break(error instanceof Error ? error : new Error(String(error)))
      throw error
    }
  }

  #start(): Thread {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: this.#data, resourceLimits: heapMegabytes })
    const thread: Thread = { worker, tasks: new Map() }
    worker.on('message', (answer: Answer) => {
      const waiting = thread.tasks.get(answer.id)
      thread.tasks.delete(answer.id)
      if ('failure' in answer) {
        const error = toError(answer.failure)
        waiting?.reject(error)
        this.#break(error)
      } else waiting?.resolve({ objects: answer.objects, buffer: Buffer.from(answer.buffer) })
    })
    worker.on('error', (error) => this.#break(error))
    worker.on('exit', (code) => this.#break(new Error(`a thread of the seal ended with ${code}`)))
    return thread
  }

  #break(error: Error): void {
    this.#broken ??= error
    for (const { reject } of this.#takers.splice(0)) reject(this.#broken)
    for (const { tasks } of this.#threads) {
      for (const { reject } of tasks.values()) reject(this.#broken)
      tasks.clear()
    }
  }
}

function leastBusy(threads: readonly Thread[]): Thread | null {
  const [first = null, ...others] = threads
  return others.reduce<Thread | null>((least, other) => (least !== null && least.tasks.size <= other.tasks.size ? least : other), first)
}

function toError({ code, message, cause }: Extract<Answer, { failure: unknown }>['failure']): Error {
  if (code === null) return new Error(message)
  const { syscall = null, message: why } = cause ?? {}
  return new PackageError(code, message, cause === null ? undefined : Object.assign(new Error(why), syscall === null ? {} : { syscall }))
}
