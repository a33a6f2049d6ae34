// SPDX-License-Identifier: Apache-2.0
//
// A program of the product that a test kills with SIGKILL and starts again; it says with its first line that it is ready.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { expect, onTestFinished } from 'vitest'

export class KillableProcess {
  readonly #args: readonly string[]
  #child: ChildProcess | null = null

  /** @param args of Node. */
  constructor(args: readonly string[]) {
    this.#args = args
    onTestFinished(() => this.kill())
  }

  /** Does not wait until it is ready. */
  spawn(): ChildProcess {
    this.#child = spawn(process.execPath, [...this.#args], { stdio: ['ignore', 'pipe', 'inherit'] })
    return this.#child
  }

  async start(): Promise<void> {
    const child = this.spawn()
    if (child.stdout === null) throw new Error('the process has no standard output')
    await Promise.race([
      once(createInterface(child.stdout), 'line'),
      once(child, 'exit').then(([code]) => Promise.reject(new Error(`the process ended with ${code} before it was ready`))),
    ])
  }

  async kill(): Promise<void> {
    const child = this.#child
    this.#child = null
    if (child === null) return
    const over = once(child, 'exit')
    child.kill('SIGKILL')
    expect(await over).toEqual([null, 'SIGKILL'])
  }
}
