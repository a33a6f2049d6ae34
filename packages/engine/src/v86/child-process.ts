// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from 'node:child_process'
import { Duplex } from 'node:stream'
import { EngineError } from '../error.ts'
import type { DiskCounters } from '../stats/vm-stats.ts'
import type { ChildAction, ChildConfig, ChildOrder } from './child-config.ts'
import type { ChildReport } from './child-protocol.ts'
import { parseChildReport } from './child-report.ts'
import { readJsonLines } from './json-lines.ts'

const MOST_COMPLAINT = 4096

export interface ChildWatcher {
  starved(disk: string): void
  serial(bytes: Uint8Array): void
  off(message: string): void
}

/** The process around one VM: requests with answers, reports, and its end. */
export class V86Child {
  /** Why it ended; resolves once the process is gone, never rejects. */
  readonly gone: Promise<EngineError>
  private readonly process: ChildProcess
  private readonly control: Duplex
  private readonly waiting = new Map<number, { resolve: (counted: readonly DiskCounters[]) => void; reject: (error: EngineError) => void }>()
  private readonly ready = Promise.withResolvers<void>()
  private watcher: ChildWatcher | null = null
  private nextId = 1
  private complaint = ''
  private fatal: EngineError | null = null

  constructor(command: readonly string[]) {
    const [file = '', ...args] = command
    this.process = spawn(file, args, { env: {}, cwd: '/', stdio: ['ignore', 'ignore', 'pipe', 'pipe'] })
    const control = this.process.stdio[3]
    if (!(control instanceof Duplex)) throw new EngineError('engine-failed', 'the v86 child got no control socket')
    this.control = control
    // A socket that breaks is how the child's end shows first; why it ended is known once the process is gone.
    this.control.on('error', () => this.kill())
    this.process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.complaint = (this.complaint + text).slice(-MOST_COMPLAINT)
    })
    this.gone = this.watchEnd()
    this.ready.promise.catch(() => this.kill())
    this.listen().catch((error: unknown) => {
      if (error instanceof EngineError) this.fail(error)
      else this.kill()
    })
  }

  get pid(): number | undefined {
    return this.process.pid
  }

  /** Resolves once the VM is there, held. From now on `watcher` hears what it does. */
  async open(config: ChildConfig, watcher: ChildWatcher): Promise<void> {
    this.watcher = watcher
    this.control.write(`${JSON.stringify(config)}\n`)
    await this.ready.promise
  }

  /** @throws EngineError the child's own, or `vm-exited` once it is gone. */
  async ask(action: ChildAction): Promise<void> {
    await this.order({ action })
  }

  /** @throws EngineError as `ask` */
  async limitDisks(kibPerSecond: number | null): Promise<void> {
    await this.order({ action: 'limit-disks', kibPerSecond })
  }

  /** As the child says, in the order of its config. @throws EngineError as `ask` */
  countDisks(): Promise<readonly DiskCounters[]> {
    return this.order({ action: 'count-disks' })
  }

  private order(order: ChildOrder): Promise<readonly DiskCounters[]> {
    if (this.fatal !== null) return Promise.reject(this.fatal)
    const id = this.nextId++
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject })
      this.control.write(`${JSON.stringify({ id, ...order })}\n`)
    })
  }

  kill(): void {
    this.process.kill('SIGKILL')
  }

  private async listen(): Promise<void> {
    for await (const message of readJsonLines(this.control)) this.take(parseChildReport(message))
  }

  private take(report: ChildReport): void {
    switch (report.type) {
      case 'ready':
        this.ready.resolve()
        return
      case 'done':
      case 'counted':
      case 'failed': {
        const waiting = this.waiting.get(report.id)
        if (waiting === undefined) throw new EngineError('engine-protocol', `the v86 child answers request ${report.id}, which nobody made`)
        this.waiting.delete(report.id)
        if (report.type === 'failed') waiting.reject(new EngineError(report.code, report.message))
        else waiting.resolve(report.type === 'counted' ? report.disks : [])
        return
      }
      case 'starved':
        this.watcher?.starved(report.disk)
        return
      case 'serial':
        this.watcher?.serial(new Uint8Array(Buffer.from(report.base64, 'base64')))
        return
      case 'off':
        this.watcher?.off(report.message)
        return
      case 'fatal':
        this.fail(new EngineError(report.code, report.message))
        return
    }
  }

  private fail(error: EngineError): void {
    this.fatal ??= error
    this.ready.reject(this.fatal)
    for (const waiting of this.waiting.values()) waiting.reject(this.fatal)
    this.waiting.clear()
    this.kill()
  }

  private async watchEnd(): Promise<EngineError> {
    const how = await new Promise<string>((resolve) => {
      this.process.once('error', (error) => resolve(error.message))
      this.process.once('close', (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`))
    })
    const said = this.complaint.trim()
    this.fail(new EngineError('vm-exited', `the v86 child ended with ${how}${said === '' ? '' : `: ${said}`}`))
    return this.fatal ?? new EngineError('vm-exited', how)
  }
}
