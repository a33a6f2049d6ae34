// SPDX-License-Identifier: Apache-2.0
//
// A session as a round of the engine's soak has it: the process that started it, the session host, and whatever runs below that.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { z } from 'zod'
import { ControlClient } from '../../apps/client-runtime/daemon/sessions/control-client.ts'
import type { SessionStart } from '../../apps/client-runtime/daemon/sessions/start-session-host.ts'
import { layoutOf } from '../../apps/client-runtime/layout.ts'
import { descendants, isAlive, killHard } from '../session-host/descendants.ts'
import { Viewer } from '../story/viewer.ts'

const entry = join(import.meta.dirname, 'session-starter.ts')
const startedLine = z.strictObject({ pid: z.int(), page: z.url() })
/** Of a wait that only ends a round that hangs. */
const limitMs = 60_000

export class StartedSession {
  readonly starter: ChildProcess
  /** The doors are open; rejects where the starter ends before. */
  readonly ready: Promise<Viewer>
  readonly #control: ControlClient
  readonly #seen = new Set<number>()
  #host: number | null = null

  constructor(start: SessionStart) {
    this.#control = new ControlClient(join(layoutOf(start.data).runtime(start.plan.session), 'control.sock'))
    this.starter = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', entry], { stdio: ['pipe', 'pipe', 'ignore'] })
    const { stdin, stdout } = this.starter
    if (stdin === null || stdout === null) throw new Error('the starter has no standard input or output')
    // Killed before it has read: the round goes on with what is there.
    stdin.on('error', () => undefined)
    stdin.end(JSON.stringify(start))
    const line = once(createInterface(stdout), 'line').then(([text]) => startedLine.parse(JSON.parse(String(text))))
    const over = once(this.starter, 'exit').then(() => Promise.reject(new Error('the starter ended before the session was ready')))
    this.ready = Promise.race([line, over]).then(({ page }) => new Viewer(page))
    this.ready.catch(() => undefined)
    over.catch(() => undefined)
  }

  /** The session host first, then what it started; none where it is not there. */
  async processes(): Promise<readonly number[]> {
    const { pid } = this.starter
    // Without its starter the session host has another parent.
    const hosts = this.#host === null ? (pid === undefined ? [] : await descendants(pid)) : [this.#host]
    this.#host ??= hosts[0] ?? null
    const all = this.#host === null ? [] : [this.#host, ...(await descendants(this.#host))]
    for (const each of all) this.#seen.add(each)
    return all
  }

  /** Of a host whose starter is gone; null where there is none, or where it ends before its doors are open. */
  async orphan(): Promise<Viewer | null> {
    for (const deadline = Date.now() + limitMs; Date.now() < deadline; await setTimeout(20)) {
      const address = await this.#control.viewer().catch(() => null)
      if (address !== null) return new Viewer(`${address.viewer}/#token=${address.viewerToken}`)
      if ((await this.#alive()).length === 0) return null
    }
    throw new Error('a session host without its starter neither opens its doors nor ends')
  }

  /** @throws Error where a process of it is left */
  async untilGone(): Promise<void> {
    for (const deadline = Date.now() + limitMs; (await this.#alive()).length > 0; await setTimeout(10)) {
      if (Date.now() < deadline) continue
      const left = await Promise.all((await this.#alive()).map(nameOf))
      throw new Error(`the session is over, and these of its processes are not: ${left.join(', ')}`)
    }
  }

  /** However the round ended. */
  async end(): Promise<void> {
    await this.processes()
    this.starter.kill('SIGKILL')
    for (const pid of await this.#alive()) killHard(pid)
  }

  async #alive(): Promise<readonly number[]> {
    const alive = await Promise.all([...this.#seen].map(async (pid) => ((await isAlive(pid)) ? [pid] : [])))
    return alive.flat()
  }
}

/** Of the program, as the kernel shortens it. */
export async function nameOf(pid: number): Promise<string> {
  return (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => 'gone')).trim()
}
