// SPDX-License-Identifier: Apache-2.0
//
// A server of the product as a child: it says with a line of JSON when it is ready, keeps its words in a log, is out of reach of the
// terminal's Ctrl-C, and is told to end when this process is gone, however that came.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { open, readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { StartError } from './error.ts'
import { ROOT } from './places.ts'

const endsWithParent = ['/usr/bin/setpriv', '--pdeathsig', 'TERM']
const patienceMs = 20_000

export interface Child {
  readonly ready: unknown
  /** Resolves when it has ended, whatever ended it. */
  readonly exited: Promise<void>
  end(): Promise<void>
}

/** @throws StartError with the last words of one that ends before it is ready. */
export async function startChild(script: string, args: readonly string[], log: string): Promise<Child> {
  const words = await open(log, 'a', 0o600)
  const { size } = await words.stat()
  const [program = '', ...before] = endsWithParent
  const command = [...before, process.execPath, '--disable-warning=ExperimentalWarning', script, ...args]
  const child = spawn(program, command, { stdio: ['ignore', 'pipe', words.fd], detached: true, cwd: ROOT })
  await words.close()
  const exited = once(child, 'exit').then(() => undefined)
  if (child.stdout === null) throw new StartError('failed', `${script} has no output`)
  const line = await Promise.race([once(createInterface(child.stdout), 'line').then(([text]) => String(text)), exited])
  if (line === undefined) {
    const said = (await readFile(log)).subarray(size).toString('utf8').trim()
    throw new StartError('failed', `${script} ended before it was ready: ${said.slice(-1000) || 'it said nothing'}`)
  }
  return { ready: JSON.parse(line), exited, end: () => end(child, exited) }
}

async function end(child: ChildProcess, exited: Promise<void>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  const late = setTimeout(() => child.kill('SIGKILL'), patienceMs)
  await exited
  clearTimeout(late)
}
