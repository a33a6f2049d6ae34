// SPDX-License-Identifier: Apache-2.0

import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** A child process that speaks in lines of JSON. */
export class ChildLines {
  readonly child: ChildProcess
  readonly events: Record<string, unknown>[] = []
  readonly #gone: Promise<unknown>
  #changed = Promise.withResolvers<void>()

  constructor(command: string, args: readonly string[]) {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.child = child
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.events.push(JSON.parse(line))
      this.#notify()
    })
    this.#gone = new Promise((resolve) => child.once('close', resolve)).then(() => this.#notify())
  }

  /** The first event, past or to come, that `wanted` holds for. */
  async until(wanted: (event: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> {
    for (;;) {
      const found = this.events.find(wanted)
      if (found !== undefined) return found
      if (this.child.exitCode !== null || this.child.signalCode !== null)
        throw new Error(`ended while something was expected of it: ${JSON.stringify(this.events)}`)
      await this.#changed.promise
    }
  }

  say(line: unknown): void {
    this.child.stdin?.write(`${JSON.stringify(line)}\n`)
  }

  /** By closing its input, or with a signal. */
  async end(signal?: NodeJS.Signals): Promise<void> {
    if (signal === undefined) this.child.stdin?.end()
    else this.child.kill(signal)
    await this.#gone
  }

  #notify(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers<void>()
  }
}

/** A program of this folder, in a network namespace. */
export function inNamespace(name: string, file: string, ...args: string[]): ChildLines {
  return new ChildLines('ip', ['netns', 'exec', name, process.execPath, fileURLToPath(new URL(file, import.meta.url)), ...args])
}
