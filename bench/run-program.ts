// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'

export interface Run {
  readonly seconds: number
  /** The most that was resident at once, in MB; of the process itself, with its threads. */
  readonly peakMemoryMb: number
  readonly stdout: string
}

/** @throws Error with what it said, unless it exits with 0 */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly cwd?: string } = {},
): Promise<Run> {
  const begun = performance.now()
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...options.env }, cwd: options.cwd })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (bytes: Buffer) => {
    stdout += bytes.toString()
  })
  child.stderr.on('data', (bytes: Buffer) => {
    stderr = (stderr + bytes.toString()).slice(-4000)
  })
  let peakKb = 0
  // proc(5): VmHWM only rises, so the last look before the end is the peak.
  const look = setInterval(async () => {
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '')
    peakKb = Math.max(peakKb, Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0))
  }, 20)
  const [code] = await once(child, 'close')
  clearInterval(look)
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} exited with ${code}: ${stderr}${stdout.slice(-2000)}`)
  return { seconds: (performance.now() - begun) / 1000, peakMemoryMb: peakKb / 1000, stdout }
}
