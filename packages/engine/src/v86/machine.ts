// SPDX-License-Identifier: Apache-2.0
import { EventEmitter } from 'node:events'
import { rm } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { EngineError } from '../error.ts'
import { isOver, nextState, type VmRequest, type VmState } from '../lifecycle.ts'
import { checkDiskRate } from '../limits/disk-rate.ts'
import type { ProcessorLimit } from '../limits/processor-limit.ts'
import { sealState } from '../state/seal.ts'
import { usageOfTree } from '../stats/process-tree.ts'
import type { DiskStats, VmStats } from '../stats/vm-stats.ts'
import type { StateFile, VirtualMachine, VmEvents } from '../virtual-machine.ts'
import type { HostSockets } from './check-spec.ts'
import type { ChildAction } from './child-config.ts'
import type { ChildWatcher, V86Child } from './child-process.ts'
import { withStateSocket } from './state-socket.ts'

type Ending = Awaited<VirtualMachine['exited']>

/** How long a guest's last writes may take before its process is killed. */
const LONGEST_STOP_MS = 4000
const LONGEST_COUNT_MS = 5000

/** One contained v86 child behind the lifecycle table; requests run one after the other. */
export class V86Machine implements VirtualMachine, ChildWatcher {
  readonly displaySocket: string
  readonly exited: Promise<Ending>
  private readonly child: V86Child
  private readonly limit: ProcessorLimit
  private readonly disks: readonly string[]
  private readonly stateSocket: string
  private readonly bind: (file: StateFile) => StateFile
  private readonly events = new EventEmitter<VmEvents>()
  private current: VmState
  private tail: Promise<unknown> = Promise.resolve()
  private ending: { state: 'suspended' | 'stopped'; message: string } | null = null

  /** `bind` widens a caller's binding by what this engine and hardware add to it. */
  constructor(
    { child, limit, disks }: { child: V86Child; limit: ProcessorLimit; disks: readonly string[] },
    sockets: HostSockets,
    state: 'prepared' | 'paused',
    bind: (file: StateFile) => StateFile,
  ) {
    this.bind = bind
    this.displaySocket = sockets.display
    this.stateSocket = sockets.state
    this.current = state
    this.child = child
    this.limit = limit
    this.disks = disks
    this.exited = this.child.gone.then((reason) => this.end(reason))
  }

  get state(): VmState {
    return this.current
  }

  /** Of the child, while there is one. */
  get pid(): number | undefined {
    return this.child.pid
  }

  on<E extends keyof VmEvents>(event: E, listener: (...args: VmEvents[E]) => void): void {
    // EventEmitter cannot see that E is one key; the declared signature is the same.
    this.events.on<keyof VmEvents>(event, listener as (...args: VmEvents[keyof VmEvents]) => void)
  }

  start(): Promise<void> {
    return this.request('start', 'start')
  }

  pause(): Promise<void> {
    return this.request('pause', 'pause')
  }

  resume(): Promise<void> {
    return this.request('resume', 'resume')
  }

  reset(): Promise<void> {
    return this.request('reset', 'reset')
  }

  powerButton(): Promise<void> {
    return this.request('power-button', 'power-button')
  }

  suspend(file: StateFile): Promise<void> {
    return this.inTurn('suspend', async () => {
      this.limit.lift()
      try {
        await this.save(file)
      } catch (error) {
        this.limit.enforce()
        await this.child.ask('abandon-save')
        throw error
      }
      await this.finish({ state: 'suspended', message: 'suspended' })
    })
  }

  snapshot(file: StateFile, keepDisks: () => Promise<void>): Promise<void> {
    return this.inTurn('snapshot', async () => {
      this.limit.lift()
      try {
        await this.save(file).catch((error: unknown) => {
          throw new EngineError('snapshot-failed', `no snapshot in \`${file.path}\``, error)
        })
        await keepDisks()
      } finally {
        this.limit.enforce()
        await this.child.ask('abandon-save')
      }
    })
  }

  stop(): Promise<void> {
    return this.inTurn('stop', async () => {
      this.limit.lift()
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, LONGEST_STOP_MS)
      })
      await Promise.race([this.child.ask('quit').catch((error: unknown) => error), late, this.child.gone])
      clearTimeout(timer)
      await this.finish({ state: 'stopped', message: 'stopped' })
    })
  }

  setProcessorPercent(percent: number | null): void {
    this.limit.set(percent)
  }

  async setDiskRate(kibPerSecond: number | null): Promise<void> {
    checkDiskRate(kibPerSecond)
    await this.child.limitDisks(kibPerSecond)
  }

  async stats(): Promise<VmStats> {
    const { pid } = this.child
    if (pid === undefined || isOver(this.current)) throw new EngineError('vm-exited', `a VM that is \`${this.current}\` uses nothing`)
    return { ...(await usageOfTree(pid)), balloonMiB: null, disks: await this.diskStats() }
  }

  private async diskStats(): Promise<readonly DiskStats[]> {
    const counted = await this.answerInTime(this.child.countDisks())
    return this.disks.map((name, index) => {
      const counters = counted[index]
      if (counters === undefined) throw new EngineError('engine-protocol', `the v86 child counts nothing of disk \`${name}\``)
      return { name, ...counters }
    })
  }

  private async answerInTime<T>(answer: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new EngineError('time-out', `the v86 child counted nothing within ${LONGEST_COUNT_MS} ms`)), LONGEST_COUNT_MS)
    })
    return Promise.race([answer, late]).finally(() => clearTimeout(timer))
  }

  starved(disk: string): void {
    if (this.current !== 'running') return
    this.enter('starved')
    this.events.emit('starved', disk)
  }

  serial(bytes: Uint8Array): void {
    this.events.emit('serial', bytes)
  }

  off(message: string): void {
    this.ending ??= { state: 'stopped', message }
    this.child.kill()
  }

  private request(request: VmRequest, action: ChildAction): Promise<void> {
    return this.inTurn(request, async (next) => {
      // Entered before it is asked for: what the child reports afterwards happens in the new state.
      const before = this.current
      this.enter(next)
      try {
        await this.child.ask(action)
      } catch (error) {
        if (this.current === next) this.enter(before)
        throw error
      }
    })
  }

  private inTurn(request: VmRequest, act: (next: VmState) => Promise<void>): Promise<void> {
    const turn = this.tail.then(async () => {
      const next = nextState(this.current, request)
      if (next !== 'stay') await act(next)
    })
    this.tail = turn.catch((error: unknown) => error)
    return turn
  }

  private save(file: StateFile): Promise<void> {
    return withStateSocket(this.stateSocket, (connected) => sealState(this.bind(file), this.savedBytes(connected)))
  }

  /** The bytes of one save; throws where the child failed or was cut off, so that nothing half is sealed. */
  private async *savedBytes(connected: Promise<Socket>): AsyncGenerator<Uint8Array> {
    const saved = this.child.ask('save')
    // Awaited at the end; a seal that fails before never gets there.
    saved.catch(() => undefined)
    const lost = this.child.gone.then((reason) => Promise.reject(reason))
    const socket = await Promise.race([connected, saved.then(() => connected), lost])
    for await (const chunk of socket) yield chunk
    socket.end()
    await saved
  }

  private async finish(ending: { state: 'suspended' | 'stopped'; message: string }): Promise<void> {
    this.ending ??= ending
    this.child.kill()
    await this.exited
  }

  private async end(reason: EngineError): Promise<Ending> {
    await Promise.all([this.displaySocket, this.stateSocket].map((path) => rm(path, { force: true })))
    await this.limit.end()
    const ending = this.ending ?? { state: 'failed' as const, message: reason.message }
    this.enter(ending.state)
    return ending
  }

  private enter(state: VmState): void {
    if (this.current === state) return
    this.current = state
    this.events.emit('state', state)
  }
}
