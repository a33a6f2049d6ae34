// SPDX-License-Identifier: Apache-2.0
//
// One QEMU process as a VirtualMachine. The lifecycle table alone decides what a request may do; what the state IS follows from QEMU's events, in
// their order, so that a disk error right behind a `cont` is never overwritten. Requests run one at a time; only `stop` overtakes.
import { EventEmitter } from 'node:events'
import { rm } from 'node:fs/promises'
import { EngineError } from '../error.ts'
import { nextState, type VmRequest, type VmState } from '../lifecycle.ts'
import type { DiskGrowth } from '../limits/disk-growth.ts'
import { checkDiskRate } from '../limits/disk-rate.ts'
import type { VmStats } from '../stats/vm-stats.ts'
import type { DeviceControl, StateFile, VirtualMachine, VmEvents, VmSpec } from '../virtual-machine.ts'
import { diskNode } from './block-graph.ts'
import { QemuDevices } from './device-control.ts'
import { limitDisks } from './disk-rate.ts'
import type { Launched } from './launch.ts'
import { statsOf } from './machine-stats.ts'
import { saveState } from './migration.ts'
import { blockIoError, nothing, shutdown } from './qmp-messages.ts'

/** QEMU holds QMP up while a disk request is open, so this is longer than any such wait. */
const requestDeadlineMs = 20_000
/** Together under the 5 s that `stop` promises. */
const quitDeadlineMs = 2500
const terminateDeadlineMs = 1000

type Exit = Awaited<VirtualMachine['exited']>

export class QemuMachine implements VirtualMachine {
  readonly displaySocket: string
  readonly devices: DeviceControl
  readonly exited: Promise<Exit>
  readonly growth: DiskGrowth | undefined
  readonly #launched: Launched
  readonly #devices: QemuDevices
  readonly #spec: VmSpec
  readonly #diskNames: ReadonlyMap<string, string>
  readonly #events = new EventEmitter<VmEvents>()
  readonly #bind: (file: StateFile) => StateFile
  #state: VmState
  /** Whether the write that starved it last had no room. */
  #noRoom = false
  /** Why the process is about to go, if we or the guest asked for it. */
  #leaving: 'suspended' | 'stopped' | undefined
  #lastRequest: Promise<unknown> = Promise.resolve()

  /** `bind` widens a caller's binding by what this engine and hardware add to it. */
  constructor(launched: Launched, spec: VmSpec, state: 'prepared' | 'paused', bind: (file: StateFile) => StateFile) {
    this.#launched = launched
    this.#spec = spec
    this.#state = state
    this.#bind = bind
    this.displaySocket = launched.sockets.display
    this.#diskNames = new Map(spec.disks.map((disk, index) => [diskNode(index), disk.name]))
    launched.qmp.on('event', (name, data) => this.#observe(name, data))
    launched.serial.on('data', (bytes: Uint8Array) => this.#events.emit('serial', bytes))
    launched.parallel?.on('data', (bytes: Uint8Array) => this.#events.emit('parallel', bytes))
    this.#devices = new QemuDevices(launched, spec)
    this.devices = this.#devices
    this.growth = spec.disks.every(({ storage }) => storage.kind === 'luks-overlay')
      ? {
          set: (limitBytes) => this.#inTurn(() => launched.growth.set(limitBytes)),
          whyStarved: (disk) => this.#inTurn(() => launched.growth.whyStarved(disk, this.#noRoom)),
        }
      : undefined
    // A QMP connection that broke leaves a process that nobody can control.
    launched.qmp.on('closed', () => this.#killAfter(terminateDeadlineMs))
    this.exited = launched.contained.closed.then((end) => this.#conclude(end))
  }

  get state(): VmState {
    return this.#state
  }

  on<E extends keyof VmEvents>(event: E, listener: (...args: VmEvents[E]) => void): void {
    // EventEmitter's own generics do not accept a listener whose event is still a type parameter.
    const emitter: EventEmitter = this.#events
    emitter.on(event, listener)
  }

  start(): Promise<void> {
    return this.#request('start', () => this.#command('cont'))
  }

  pause(): Promise<void> {
    return this.#request('pause', async () => {
      if (this.#state !== 'starved') await this.#command('stop')
      // A disk error can overtake the command; the CPUs then stood already and QEMU sends no STOP.
      if (this.#state === 'starved') this.#become('paused')
    })
  }

  resume(): Promise<void> {
    return this.#request('resume', () => this.#command('cont'))
  }

  reset(): Promise<void> {
    return this.#request('reset', () => this.#command('system_reset'))
  }

  powerButton(): Promise<void> {
    return this.#request('power-button', () => this.#command('system_powerdown'))
  }

  suspend(file: StateFile): Promise<void> {
    return this.#request('suspend', async () => {
      const wasRunning = this.#state === 'running'
      await this.#devices.emptied(async () => {
        if (wasRunning) await this.#command('stop')
        try {
          this.#launched.limit.lift()
          await saveState(this.#launched.qmp, this.#launched.sockets.state, this.#bind(file))
        } catch (error) {
          this.#launched.limit.enforce()
          if (wasRunning) await this.#command('cont')
          throw error
        }
      })
      this.#leaving = 'suspended'
      await this.#end()
    })
  }

  snapshot(file: StateFile, keepDisks: () => Promise<void>): Promise<void> {
    return this.#request('snapshot', () => this.#devices.withoutUsb(() => this.#saveAndGoOn(file, keepDisks)))
  }

  async #saveAndGoOn(file: StateFile, keepDisks: () => Promise<void>): Promise<void> {
    await this.#command('stop')
    try {
      this.#launched.limit.lift()
      await saveState(this.#launched.qmp, this.#launched.sockets.state, this.#bind(file)).catch((error: unknown) => {
        throw new EngineError('snapshot-failed', `no snapshot in \`${file.path}\``, error)
      })
      // QEMU has flushed its disks and given them up until `cont`.
      await keepDisks()
    } finally {
      this.#launched.limit.enforce()
      await this.#command('cont')
    }
  }

  async stop(): Promise<void> {
    if (nextState(this.#state, 'stop') === 'stay') return
    this.#leaving ??= 'stopped'
    await this.#end()
  }

  setProcessorPercent(percent: number | null): void {
    this.#launched.limit.set(percent)
  }

  async setDiskRate(kibPerSecond: number | null): Promise<void> {
    checkDiskRate(kibPerSecond)
    await this.#inTurn(() => limitDisks(this.#launched.qmp, this.#spec.disks.length, kibPerSecond))
  }

  stats(): Promise<VmStats> {
    return statsOf(this.#launched, this.#spec, this.#devices)
  }

  #request(request: VmRequest, act: () => Promise<void>): Promise<void> {
    return this.#inTurn(async () => {
      if (nextState(this.#state, request) !== 'stay') await act()
    })
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#lastRequest.then(act)
    this.#lastRequest = Promise.allSettled([turn])
    return turn
  }

  async #command(name: string): Promise<void> {
    await this.#launched.qmp.execute(name, {}, nothing, requestDeadlineMs)
  }

  #observe(name: string, data: Readonly<Record<string, unknown>>): void {
    switch (name) {
      case 'RESUME':
        this.#become('running')
        return
      case 'STOP':
        if (this.#state === 'running') this.#become('paused')
        return
      case 'BLOCK_IO_ERROR':
        this.#observeIoError(data)
        return
      case 'SHUTDOWN':
        if (shutdown.parse(data).guest) this.#leaving ??= 'stopped'
        return
      case 'WATCHDOG':
        this.#events.emit('watchdog')
        return
      case 'GUEST_PANICKED':
        this.#events.emit('panicked')
        return
      default: // QEMU has some forty more events; none changes the state.
        return
    }
  }

  #observeIoError(data: Readonly<Record<string, unknown>>): void {
    const failure = blockIoError.parse(data)
    // The guest is told: what is in a drive may be taken out at any time.
    if (/^(cd|floppy)-medium$/.test(failure['node-name'])) return
    const disk = this.#diskNames.get(failure['node-name'])
    if (disk === undefined) throw new EngineError('qmp-failed', `QEMU reports an error of the unknown node \`${failure['node-name']}\``)
    // While it is paused the request stays queued, and fails again after `cont` if the disk is still silent.
    if (failure.action !== 'stop' || this.#state !== 'running') return
    this.#noRoom = failure.nospace ?? false
    this.#become('starved')
    this.#events.emit('starved', disk)
  }

  /** Quit, then the signals: however QEMU hangs, the namespace it lives in goes with bubblewrap. */
  async #end(): Promise<void> {
    this.#launched.limit.lift()
    const killing = this.#killAfter(quitDeadlineMs)
    this.#launched.qmp.execute('quit', {}, nothing, quitDeadlineMs).catch((error: unknown) => {
      // A dead or deaf QEMU is what the signals are for; its end is awaited below either way.
      if (!(error instanceof EngineError)) throw error
    })
    await this.exited
    clearTimeout(killing)
  }

  #killAfter(delayMs: number): NodeJS.Timeout {
    const child = this.#launched.contained.process
    const timer = setTimeout(() => {
      child.kill('SIGTERM')
      const last = setTimeout(() => child.kill('SIGKILL'), terminateDeadlineMs)
      void this.exited.then(() => clearTimeout(last))
    }, delayMs)
    void this.#launched.contained.closed.then(() => clearTimeout(timer))
    return timer
  }

  async #conclude({ code, signal }: { readonly code: number | null; readonly signal: NodeJS.Signals | null }): Promise<Exit> {
    const state = this.#leaving ?? 'failed'
    const ending = signal === null ? `exit code ${code}` : `signal ${signal}`
    const message = state === 'failed' ? `QEMU ended by itself, ${ending}: ${this.#launched.contained.lastWords()}` : `${state} (${ending})`
    this.#devices.close()
    await this.#launched.tpm?.end()
    await this.#launched.limit.end()
    const leftover = await rm(this.#launched.sockets.folder, { recursive: true, force: true }).then(
      () => '',
      (error: Error) => `; its sockets stay behind: ${error.message}`,
    )
    this.#become(state)
    return { state, message: message + leftover }
  }

  #become(state: VmState): void {
    if (this.#state === state) return
    this.#state = state
    this.#events.emit('state', state)
  }
}
