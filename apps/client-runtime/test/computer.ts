// SPDX-License-Identifier: Apache-2.0
//
// The real console and the real daemon over pinned HTTPS on loopback, for tests.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeEnrolmentCode } from '@casemate/policy/enrolment-code'
import { openKey } from '@casemate/policy/sealed-key'
import { expect, onTestFinished, vi } from 'vitest'
import { derivePassphraseKey } from '../../console/src/access/derive-passphrase-key.ts'
import { consoleLayout } from '../../console/src/organisation/layout.ts'
import { roleSigner } from '../../console/src/organisation/new-keys.ts'
import { startConsole } from '../../console/start-console.ts'
import { freshData, newCode, passphrase, type World } from '../../console/test/console/world.ts'
import { callDaemon } from '../cli/call-daemon.ts'
import type { EngineReport } from '../daemon/engines.ts'
import type { StartHost } from '../daemon/sessions/sessions.ts'
import { startHostProcess } from '../daemon/sessions/start-host-process.ts'
import { startDaemon } from '../daemon/start-daemon.ts'
import type { DaemonRequest, DaemonRoute } from '../local-api.ts'
import { type ScriptedHost, scriptedHosts } from './scripted-host.ts'

const seconds = () => Math.floor(Date.now() / 1000)

export async function realWorld(data?: string): Promise<World> {
  const folder = data ?? (await freshData())
  const failures: unknown[] = []
  const options = { data: folder, passphrase, listen: '127.0.0.1', devicePort: null, now: seconds, report: (error: unknown) => failures.push(error) }
  const running = await startConsole(options)
  onTestFinished(() => running.close())
  const text = await readFile(consoleLayout(folder).key('approver'), 'utf8')
  const approver = roleSigner(await openKey(text, passphrase, { kind: 'approver-key', derive: derivePassphraseKey }))
  return { ...running, data: folder, failures, approver, now: seconds() }
}

const engines: EngineReport = {
  engines: [
    { name: 'v86', report: { available: true, version: '1', capabilities: new Set(['suspend', 'snapshot', 'serial:captured', 'network:ne2k_pci']) } },
  ],
  uplink: { available: true, program: '/usr/bin/passt' },
  scripts: true,
  usb: { available: false, code: 'usb-missing', message: 'none in this test' },
  folders: true,
}

export class Computer {
  readonly data: string
  readonly hosts: ScriptedHost[] = []
  readonly clock = { offset: 0, boot: 'boot-1', wall: () => Date.now() / 1000 + this.clock.offset, mono: () => performance.now() / 1000 }
  #close: (() => Promise<void>) | null = null

  /** Given to the daemon when it starts. */
  vendorFile: string | null = null
  /** Of the launcher's page, while the daemon runs. */
  launcher = ''
  readonly #startHost: StartHost

  private constructor(data: string, hosts: 'scripted' | 'real') {
    this.data = data
    this.#startHost = hosts === 'scripted' ? scriptedHosts(data, this.hosts) : startHostProcess(data)
  }

  /**
   * @param hosts `real`: session hosts are processes, and run real VMs
   * @param parent where its data folder is made
   */
  static async fresh(hosts: 'scripted' | 'real' = 'scripted', parent = tmpdir()): Promise<Computer> {
    const data = await mkdtemp(join(parent, 'casemate-runtime-'))
    const computer = new Computer(data, hosts)
    onTestFinished(async () => {
      await computer.stop()
      for (const host of computer.hosts) await host.close()
      await rm(data, { recursive: true, force: true, maxRetries: 5 })
    })
    await computer.start()
    return computer
  }

  async start(launcherPort = 0): Promise<void> {
    const options = {
      data: this.data,
      clock: this.clock,
      startHost: this.#startHost,
      tickMs: 100,
      launcher: { port: launcherPort, orAnother: false },
      vendorFile: this.vendorFile,
    }
    const daemon = await startDaemon({ ...options, probe: async () => engines })
    this.launcher = daemon.launcher ?? ''
    this.#close = () => daemon.close()
  }

  async stop(): Promise<void> {
    await this.#close?.()
    this.#close = null
  }

  call<R extends DaemonRoute>(route: R, body: DaemonRequest<R>) {
    return callDaemon(this.data, route, body)
  }

  async enrol(world: World): Promise<string> {
    const { device } = await this.call('enrol', { code: writeEnrolmentCode(await newCode(world)) })
    await vi.waitFor(async () => expect((await this.call('status', {})).contact).toMatchObject({ connected: true, fault: null }), 20_000)
    return device
  }

  async running(): Promise<ScriptedHost> {
    await this.call('activate', { desktop: 'office', presented: null, password: null })
    await this.call('start', { instance: 'office', password: null })
    const host = this.hosts.at(-1)
    if (host === undefined) throw new Error('no host was started')
    return host
  }
}
