// SPDX-License-Identifier: Apache-2.0
//
// A disk of v86 over NBD. v86's disk object has no error path and no flush, and tells the guest that there is no write cache: so a
// write is answered once it is durable, one after the other, writes that queue up share a flush, and a request that fails or takes
// longer than a guest would wait is never answered wrongly: the CPU is held, and the request is tried again on resume.

import { EngineError } from '../../error.ts'
import { connectNbd, type NbdClient } from '../../nbd/client.ts'
import type { DiskCounters } from '../../stats/vm-stats.ts'
import type { ChildDisk } from '../child-config.ts'
import type { DiskPace } from './disk-pace.ts'

/** Linux gives an ATA command 30 s of guest time, which stands still while the CPU is held. */
const LONGEST_WAIT_MS = 5000
const MOST_QUEUED_BYTES = 8 * 1024 * 1024

export interface DiskKeeper {
  /** Holds the CPU and reports; resolves on the user's resume. */
  starved(disk: string, reason: EngineError): Promise<void>
  /** The starved request was answered: the CPU may run. */
  fed(disk: string): void
  /** More than the queue should hold is waiting: the CPU has to wait too. */
  crowded(disk: string, full: boolean): void
}

interface Write {
  readonly kind: 'write'
  readonly offset: number
  readonly data: Buffer
  readonly carried: boolean
  readonly done: () => void
}

type Operation = Write | { readonly kind: 'read'; readonly offset: number; readonly length: number; readonly done: (data: Uint8Array) => void }

export interface QueuedWrite {
  readonly offset: number
  readonly data: Buffer
}

export class NbdDisk {
  /** Names and shapes from here to `set_state` are v86's. */
  readonly byteLength: number
  onload: ((loaded: object) => void) | undefined
  private readonly spec: ChildDisk
  private readonly access: 'writable' | 'read-only'
  private readonly keeper: DiskKeeper
  private readonly pace: DiskPace
  private counted: DiskCounters = { readBytes: 0, readOperations: 0, writtenBytes: 0, writeOperations: 0 }
  private client: NbdClient
  private bootSector: Uint8Array | undefined
  private readonly queue: Operation[] = []
  private queuedBytes = 0
  private working = false
  private stuck = false
  private quietWaiters: (() => void)[] = []
  /**
   * Asked when v86 hands over a write. Null where v86 answers the guest once it is told that the write is done (DMA); for one that it has
   * answered already (PIO), takes the answer back and returns what gives it.
   */
  takeBackAnswer: () => (() => void) | null = () => null

  private constructor(spec: ChildDisk, access: 'writable' | 'read-only', client: NbdClient, keeper: DiskKeeper, pace: DiskPace) {
    this.spec = spec
    this.access = access
    this.client = client
    this.keeper = keeper
    this.pace = pace
    this.byteLength = client.size
  }

  /** @throws EngineError of the NBD client; `nbd-protocol` where the export has another size than the spec says, or takes no writes. */
  static async connect(spec: ChildDisk, keeper: DiskKeeper, pace: DiskPace, access: 'writable' | 'read-only' = 'writable'): Promise<NbdDisk> {
    return new NbdDisk(spec, access, await connectDisk(spec, access), keeper, pace)
  }

  /** What was answered. */
  get counters(): DiskCounters {
    return this.counted
  }

  load(): void {
    setImmediate(() => this.onload?.({}))
  }

  get(offset: number, length: number, done: (data: Uint8Array) => void): void {
    this.enqueue({ kind: 'read', offset, length, done })
  }

  get_and_cache(offset: number, length: number, done: (data: Uint8Array) => void): void {
    this.get(offset, length, (data) => {
      if (offset === 0 && length === 512) this.bootSector = data
      done(data)
    })
  }

  get_from_cache(offset: number, length: number): Uint8Array | undefined {
    return offset === 0 && length === 512 ? this.bootSector : undefined
  }

  set(offset: number, data: Uint8Array, done: () => void): void {
    // v86 reuses its buffer for the next PIO command.
    const answer = this.takeBackAnswer()
    this.enqueue({ kind: 'write', offset, data: Buffer.from(data), carried: answer !== null, done: answer ?? done })
  }

  get_buffer(done: (buffer: undefined) => void): void {
    done(undefined)
  }

  get_state(): unknown[] {
    return []
  }

  set_state(): void {}

  /** Resolves once nothing is under way that could still be finished: the queue is empty, or its head is starved. It waits for no turn then. */
  quiet(): Promise<void> {
    if (!this.working || this.stuck) return Promise.resolve()
    return new Promise((resolve) => {
      this.quietWaiters.push(resolve)
      this.pace.wake()
    })
  }

  /** What a saved state has to carry: PIO writes, of which v86 does not know any more, and whether another command is still open. */
  unfinished(): { readonly writes: readonly QueuedWrite[]; readonly command: boolean } {
    const writes = this.queue.filter((operation) => operation.kind === 'write' && operation.carried)
    return {
      writes: writes.flatMap((operation) => (operation.kind === 'write' ? [{ offset: operation.offset, data: operation.data }] : [])),
      command: writes.length < this.queue.length,
    }
  }

  /** @param done called after the last one, if there is one */
  rewrite(writes: readonly QueuedWrite[], done: () => void): void {
    for (const [at, write] of writes.entries()) {
      this.enqueue({ kind: 'write', ...write, carried: true, done: at === writes.length - 1 ? done : () => undefined })
    }
  }

  private enqueue(operation: Operation): void {
    this.queue.push(operation)
    this.count(operation.kind === 'write' ? operation.data.length : 0)
    if (!this.working) void this.work()
  }

  private count(bytes: number): void {
    const before = this.queuedBytes > MOST_QUEUED_BYTES
    this.queuedBytes += bytes
    const after = this.queuedBytes > MOST_QUEUED_BYTES
    if (before !== after) this.keeper.crowded(this.spec.name, after)
  }

  private async work(): Promise<void> {
    this.working = true
    for (let head = this.queue[0]; head !== undefined; head = this.queue[0]) {
      if (head.kind === 'read') await this.finishRead(head)
      else await this.finishWrites()
    }
    this.working = false
    this.becomeQuiet()
  }

  private async finishRead(operation: Operation & { kind: 'read' }): Promise<void> {
    await this.turn(operation.length)
    const data = await this.insist(() => this.client.read(operation.offset, operation.length))
    this.queue.shift()
    const { readBytes, readOperations } = this.counted
    this.counted = { ...this.counted, readBytes: readBytes + operation.length, readOperations: readOperations + 1 }
    operation.done(data)
  }

  private async finishWrites(): Promise<void> {
    const batch = this.nextWrites()
    const bytes = batch.reduce((sum, { data }) => sum + data.length, 0)
    await this.turn(bytes)
    await this.insist(async () => {
      for (const { offset, data } of batch) await this.client.write(offset, data)
      await this.client.flush()
    })
    this.queue.splice(0, batch.length)
    const { writtenBytes, writeOperations } = this.counted
    this.counted = { ...this.counted, writtenBytes: writtenBytes + bytes, writeOperations: writeOperations + batch.length }
    for (const { data, done } of batch) {
      this.count(-data.length)
      done()
    }
  }

  /** Those at the head of the queue that share a flush. */
  private nextWrites(): readonly Write[] {
    const batch: Write[] = []
    let bytes = 0
    for (const operation of this.queue) {
      if (operation.kind === 'read' || bytes >= this.pace.mostAtOnce) break
      batch.push(operation)
      bytes += operation.data.length
    }
    return batch
  }

  private turn(bytes: number): Promise<void> {
    return this.pace.turn(bytes, () => this.quietWaiters.length > 0)
  }

  private async insist<T>(act: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        const result = await this.patiently(act())
        this.keeper.fed(this.spec.name)
        return result
      } catch (error) {
        const reason = error instanceof EngineError ? error : new EngineError('nbd-closed', `disk \`${this.spec.name}\` failed`, error)
        await this.starve(reason)
        if (reason.code === 'nbd-closed' || reason.code === 'nbd-protocol') await this.reconnect()
      }
    }
  }

  /** The result of `attempt`, however late; while it is late the CPU is held. */
  private async patiently<T>(attempt: Promise<T>): Promise<T> {
    for (;;) {
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<'late'>((resolve) => {
        timer = setTimeout(() => resolve('late'), LONGEST_WAIT_MS)
      })
      const first = await Promise.race([attempt.then(() => 'done' as const), late]).finally(() => clearTimeout(timer))
      if (first === 'done') return await attempt
      await this.starve(new EngineError('time-out', `disk \`${this.spec.name}\` did not answer within ${LONGEST_WAIT_MS} ms`))
    }
  }

  private async starve(reason: EngineError): Promise<void> {
    this.stuck = true
    const resumed = this.keeper.starved(this.spec.name, reason)
    this.becomeQuiet()
    await resumed
    this.stuck = false
  }

  private async reconnect(): Promise<void> {
    try {
      this.client = await connectDisk(this.spec, this.access)
    } catch (error) {
      // The old client answers the next try with its own error, which starves the VM again and says why.
      if (!(error instanceof EngineError)) throw error
    }
  }

  private becomeQuiet(): void {
    const waiters = this.quietWaiters
    this.quietWaiters = []
    for (const resolve of waiters) resolve()
  }
}

async function connectDisk(spec: ChildDisk, access: 'writable' | 'read-only'): Promise<NbdClient> {
  const client = await connectNbd({ socket: spec.socket, name: spec.export })
  const refused = client.readOnly && access === 'writable'
  if (client.size === spec.sizeBytes && !refused) return client
  client.close()
  if (refused) throw new EngineError('nbd-protocol', `disk \`${spec.name}\`: the NBD export is read-only`)
  throw new EngineError('nbd-protocol', `disk \`${spec.name}\`: expected ${spec.sizeBytes} bytes, the NBD export has ${client.size}`)
}
