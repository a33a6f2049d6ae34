// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { type Answer, answer, type Question } from './question.ts'

/** One process that runs tests, again and again; a new one takes its place where it gave no answer. */
export class RunnerProcess {
  #child: ChildProcess | null = null

  /** @returns null where no answer came within that time, or the process ended: a loop, or memory, without end. */
  async ask(question: Question, milliseconds: number): Promise<Answer | null> {
    const child = this.#child ?? (await this.#begin())
    const said = firstOf(child, milliseconds)
    child.send(question)
    const found = await said
    if (found === null) this.end()
    return found === null ? null : answer.parse(found)
  }

  async #begin(): Promise<ChildProcess> {
    const child = fork(join(import.meta.dirname, 'runner.ts'), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], detached: true })
    await once(child, 'message')
    this.#child = child
    return child
  }

  end(): void {
    const pid = this.#child?.pid
    // With the process of its own in which Vitest runs the tests.
    if (pid !== undefined && this.#child?.exitCode === null) process.kill(-pid, 'SIGKILL')
    this.#child = null
  }
}

/** The next message; null where the time is over or the process ended before. */
function firstOf(child: ChildProcess, milliseconds: number): Promise<unknown> {
  const { promise, resolve } = Promise.withResolvers<unknown>()
  const timer = setTimeout(resolve, milliseconds, null)
  const gone = () => resolve(null)
  child.once('message', resolve).once('exit', gone)
  return promise.finally(() => {
    clearTimeout(timer)
    child.off('message', resolve).off('exit', gone)
  })
}
