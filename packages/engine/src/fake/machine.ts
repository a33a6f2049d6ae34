// SPDX-License-Identifier: Apache-2.0
import { EventEmitter, once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import type { Capability } from '../capabilities.ts'
import { EngineError } from '../error.ts'
import { isOver, nextState, type VmRequest, type VmState } from '../lifecycle.ts'
import { checkDiskRate } from '../limits/disk-rate.ts'
import { checkPercent } from '../limits/processor-limit.ts'
import { sealState } from '../state/seal.ts'
import type { VmStats } from '../stats/vm-stats.ts'
import type { StateFile, VirtualMachine, VmEvents, VmSpec } from '../virtual-machine.ts'

export interface FakeOptions {
  readonly capabilities: readonly Capability[]
  /** What the guest prints on its serial port, over and over, while it runs. */
  readonly chatter: string
}

type Exit = Awaited<VirtualMachine['exited']>

export class FakeMachine implements VirtualMachine {
  readonly displaySocket: string
  readonly exited: Promise<Exit>
  /** Every request that was carried out, in order. */
  readonly performed: VmRequest[] = []
  /** The limit in force. */
  processorPercent: number | null
  /** In KiB a second. */
  diskRate: number | null = null
  readonly #spec: VmSpec
  readonly #chatter: string
  readonly #limited: boolean
  readonly #display: Server
  readonly #events = new EventEmitter<VmEvents>()
  readonly #exit = Promise.withResolvers<Exit>()
  #state: VmState
  #talking: NodeJS.Timeout | undefined
  #lastRequest: Promise<unknown> = Promise.resolve()

  private constructor(spec: VmSpec, { chatter, capabilities }: FakeOptions, state: 'prepared' | 'paused') {
    this.#spec = spec
    this.processorPercent = spec.processorPercent ?? null
    this.#chatter = chatter
    this.#limited = capabilities.includes('limit:processor')
    this.#state = state
    this.exited = this.#exit.promise
    this.displaySocket = join(spec.runtimeFolder, 'display.sock')
    this.#display = createServer((viewer) => viewer.end('RFB 003.008\n'))
  }

  static async boot(spec: VmSpec, options: FakeOptions, state: 'prepared' | 'paused'): Promise<FakeMachine> {
    const machine = new FakeMachine(spec, options, state)
    machine.#display.listen(machine.displaySocket)
    await once(machine.#display, 'listening')
    return machine
  }

  get state(): VmState {
    return this.#state
  }

  on<E extends keyof VmEvents>(event: E, listener: (...args: VmEvents[E]) => void): void {
    const emitter: EventEmitter = this.#events
    emitter.on(event, listener)
  }

  start(): Promise<void> {
    return this.#request('start')
  }

  pause(): Promise<void> {
    return this.#request('pause')
  }

  resume(): Promise<void> {
    return this.#request('resume')
  }

  reset(): Promise<void> {
    return this.#request('reset')
  }

  powerButton(): Promise<void> {
    return this.#request('power-button')
  }

  suspend(file: StateFile): Promise<void> {
    return this.#request('suspend', () => sealState(file, [Buffer.from(String(this.#spec.memoryMiB))]))
  }

  snapshot(file: StateFile, keepDisks: () => Promise<void>): Promise<void> {
    return this.#request('snapshot', async () => {
      clearInterval(this.#talking)
      try {
        await sealState(file, [Buffer.from(String(this.#spec.memoryMiB))]).catch((error: unknown) => {
          throw new EngineError('snapshot-failed', `no snapshot in \`${file.path}\``, error)
        })
        await keepDisks()
      } finally {
        this.#talk()
      }
    })
  }

  async stop(): Promise<void> {
    const next = nextState(this.#state, 'stop')
    if (next === 'stay') return
    this.performed.push('stop')
    this.#become(next, 'stopped')
  }

  setProcessorPercent(percent: number | null): void {
    checkPercent(percent)
    if (percent !== null && !this.#limited) throw new EngineError('capability-missing', '`fake` lacks `limit:processor`')
    this.processorPercent = percent
  }

  async setDiskRate(kibPerSecond: number | null): Promise<void> {
    checkDiskRate(kibPerSecond)
    this.diskRate = kibPerSecond
  }

  /** The use of no machine; its disks stand still. */
  async stats(): Promise<VmStats> {
    if (isOver(this.#state)) throw new EngineError('vm-exited', `a VM that is \`${this.#state}\` uses nothing`)
    const none = { readBytes: 0, readOperations: 0, writtenBytes: 0, writeOperations: 0 }
    return { processorSeconds: 0, residentBytes: 0, balloonMiB: null, disks: this.#spec.disks.map(({ name }) => ({ name, ...none })) }
  }

  /** A disk of the spec stops answering, as if the guest had just read from it. */
  starve(disk: string): void {
    if (this.#state !== 'running') throw new EngineError('lifecycle-refused', `a VM that is \`${this.#state}\` reads no disk`)
    this.#become('starved', '')
    this.#events.emit('starved', disk)
  }

  /** The process dies unasked. */
  crash(message: string): void {
    this.#become('failed', message)
  }

  /** The guest switches itself off. */
  powerOff(): void {
    this.#become('stopped', 'the guest powered off')
  }

  #request(request: VmRequest, act = async (): Promise<void> => undefined): Promise<void> {
    const turn = this.#lastRequest.then(async () => {
      const next = nextState(this.#state, request)
      if (next === 'stay') return
      await act()
      this.performed.push(request)
      this.#become(next, next)
    })
    this.#lastRequest = Promise.allSettled([turn])
    return turn
  }

  #become(state: VmState, message: string): void {
    if (this.#state === state) return
    this.#state = state
    clearInterval(this.#talking)
    if (state === 'running') this.#talk()
    if (isOver(state)) {
      this.#display.close()
      this.#exit.resolve({ state, message })
    }
    this.#events.emit('state', state)
  }

  #talk(): void {
    if (this.#spec.serial === 'captured') this.#talking = setInterval(() => this.#events.emit('serial', Buffer.from(this.#chatter)), 5)
  }
}
