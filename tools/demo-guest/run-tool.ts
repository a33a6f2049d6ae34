// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process'
import { DemoGuestError } from './error.ts'

export interface ToolRun {
  readonly program: string
  readonly args: readonly string[]
  readonly folder?: string
  readonly environment?: Readonly<Record<string, string>>
  readonly input?: string
}

/**
 * Runs a program to its end and returns what it wrote to standard output.
 * @throws DemoGuestError `tool-failed` with the end of its error output when it does not exit with 0.
 */
export async function runTool({ program, args, folder, environment, input }: ToolRun): Promise<string> {
  const child = spawn(program, args, {
    ...(folder === undefined ? {} : { cwd: folder }),
    env: { ...process.env, LC_ALL: 'C', ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const output: Buffer[] = []
  const errors: Buffer[] = []
  child.stdout.on('data', (bytes: Buffer) => output.push(bytes))
  child.stderr.on('data', (bytes: Buffer) => errors.push(bytes))
  // A program that ends before it has read its input closes the pipe; its exit code says whether that was a failure.
  child.stdin.on('error', (error) => errors.push(Buffer.from(`${error.message}\n`)))
  child.stdin.end(input ?? '')
  const code = await new Promise<number | string>((resolve, reject) => {
    child.once('error', (cause) => reject(new DemoGuestError('tool-failed', `\`${program}\` does not start`, cause)))
    child.once('close', (exit, signal) => resolve(exit ?? signal ?? 'unknown'))
  })
  if (code !== 0) {
    const said = Buffer.concat(errors).toString('utf8').trim().split('\n').slice(-5).join('\n')
    throw new DemoGuestError('tool-failed', `\`${program} ${args.join(' ')}\` ended with ${code}, expected 0:\n${said}`)
  }
  return Buffer.concat(output).toString('utf8')
}
