// SPDX-License-Identifier: Apache-2.0
//
// A command of casemate-trust, as a process of its own or within the test's, which is much faster.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { vi } from 'vitest'
import { trustProgram } from '../../cli-trust/program.ts'
import { runTrust } from '../../cli-trust/run-trust.ts'

export interface Outcome {
  readonly exit: number
  readonly stdout: string
}

const main = fileURLToPath(new URL('../../cli-trust/main.ts', import.meta.url))

export async function runProcess(...args: readonly string[]): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  execFile(process.execPath, [main, ...args], (error, stdout) => resolve({ exit: error === null ? 0 : Number(error.code), stdout }))
  return await promise
}

/** One at a time: what it writes and its exit code are those of this process. */
export async function runWithin(...args: readonly string[]): Promise<Outcome> {
  const written: string[] = []
  const before = process.exitCode
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0),
    vi.spyOn(process.stderr, 'write').mockImplementation(() => true),
  ]
  try {
    process.exitCode = 0
    await runTrust(trustProgram(), [process.execPath, main, ...args])
    return { exit: Number(process.exitCode), stdout: written.join('') }
  } finally {
    process.exitCode = before
    for (const spy of spies) spy.mockRestore()
  }
}
