// SPDX-License-Identifier: Apache-2.0
//
// One user's computer: a daemon with a clock to steer, and the user at its command line.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Layout, layoutOf } from '../../apps/client-runtime/layout.ts'
import { type DaemonResponse, daemonRoutes, type InstanceView, instanceView } from '../../apps/client-runtime/local-api.ts'
import { CasemateProcess } from './casemate-process.ts'
import { type Refusal, runCommand, runJson, runRefused } from './run-command.ts'
import { Viewer } from './viewer.ts'

export const CASEMATE = 'apps/client-runtime/cli/main.ts'

export class Device {
  readonly data: string
  readonly #engine: 'qemu' | 'v86'
  readonly #offsetFile: string
  #daemon: CasemateProcess | null = null

  constructor(folder: string, engine: 'qemu' | 'v86') {
    this.data = join(folder, 'runtime')
    this.#offsetFile = join(folder, 'clock-offset')
    this.#engine = engine
  }

  get layout(): Layout {
    return layoutOf(this.data)
  }

  async start(): Promise<void> {
    await mkdir(this.data, { recursive: true })
    if (this.#daemon === null) await this.setClock(0)
    const { process } = await CasemateProcess.start('apps/client-runtime/test/steerable-daemon.ts', [this.data, this.#engine, this.#offsetFile])
    this.#daemon = process
  }

  /** Its sessions go on. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    await this.#daemon?.end(signal)
  }

  get daemon(): CasemateProcess {
    if (this.#daemon === null) throw new Error('the daemon was not started')
    return this.#daemon
  }

  /** @param seconds what the computer's clock is ahead of the real time */
  async setClock(seconds: number): Promise<void> {
    await writeFile(this.#offsetFile, String(seconds))
  }

  /** A command of `casemate` that must succeed. */
  run(...args: readonly string[]): Promise<unknown> {
    return runJson(CASEMATE, [...args, '--data', this.data])
  }

  /** A command of `casemate` that must be refused, with what it says. */
  refused(...args: readonly string[]): Promise<Refusal> {
    return runRefused(CASEMATE, [...args, '--data', this.data])
  }

  async status(): Promise<DaemonResponse<'status'>> {
    return daemonRoutes.status.response.parse(await this.run('status'))
  }

  async instance(name: string): Promise<InstanceView> {
    return instanceView.parse(await this.run('status', name))
  }

  /** The one session of `name`, as the user's browser reaches it. */
  async viewer(name: string): Promise<Viewer> {
    const { session } = await this.instance(name)
    if (session === null || session.viewer === null) throw new Error(`\`${name}\` has no session to look at: ${JSON.stringify(session)}`)
    return new Viewer(session.viewer)
  }

  /** Resolves with the first status that fits; the limit only ends a run that hangs. */
  async until(what: string, fits: (status: DaemonResponse<'status'>) => boolean, limitMs = 60_000): Promise<DaemonResponse<'status'>> {
    const deadline = Date.now() + limitMs
    for (;;) {
      const status = await this.status()
      if (fits(status)) return status
      if (Date.now() > deadline) throw new Error(`not ${what} after ${limitMs} ms: ${JSON.stringify(status)}`)
      await new Promise((resolve) => setTimeout(resolve, 500))
    }
  }

  /** Ends sessions and daemon, whatever state they are in. */
  async remove(): Promise<void> {
    this.#daemon?.goOn()
    for (const { instance, session } of (await this.status().catch(() => null))?.instances ?? []) {
      if (session?.open === true) await runCommand(CASEMATE, ['stop', instance, '--how', 'power-off', '--data', this.data])
    }
    await this.#daemon?.end('SIGKILL')
  }
}
