// SPDX-License-Identifier: Apache-2.0
//
// A long-running program of the product, which says with a line of JSON when it is ready.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const ROOT = join(import.meta.dirname, '../..')

export class CasemateProcess {
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown>

  private constructor(child: ChildProcess) {
    this.#child = child
    this.#exited = once(child, 'exit')
  }

  /** @returns the process, and what its first line says. @throws Error when it ends before it is ready. */
  static async start(script: string, args: readonly string[]): Promise<{ readonly process: CasemateProcess; readonly ready: unknown }> {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', join(ROOT, script), ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const started = new CasemateProcess(child)
    const ended = started.#exited.then(() => Promise.reject(new Error(`${script} ended before it was ready`)))
    const [line] = await Promise.race([once(createInterface(child.stdout), 'line'), ended])
    ended.catch(() => undefined)
    return { process: started, ready: JSON.parse(String(line)) }
  }

  async end(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    this.#child.kill(signal)
    await this.#exited
  }

  /** Stands still until `end` or `goOn`. */
  freeze(): void {
    this.#child.kill('SIGSTOP')
  }

  goOn(): void {
    this.#child.kill('SIGCONT')
  }
}
