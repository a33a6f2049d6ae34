// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { z } from 'zod'

const ROOT = join(import.meta.dirname, '../..')

export interface CommandResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs one of the product's commands to its end, as a user's shell would. */
export function runCommand(script: string, args: readonly string[]): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', join(ROOT, script), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString()
    })
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString()
    })
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
}

/** @throws Error with what the command said, unless it exits with 0 */
export async function runOk(script: string, args: readonly string[]): Promise<string> {
  const result = await runCommand(script, args)
  if (result.code !== 0) throw new Error(`${script} ${args.join(' ')} exited with ${result.code}: ${result.stderr}${result.stdout}`)
  return result.stdout
}

/** The JSON that a command prints with `--json`. @throws Error with what it said, unless it exits with 0 */
export async function runJson(script: string, args: readonly string[]): Promise<unknown> {
  return JSON.parse(await runOk(script, [...args, '--json']))
}

const refusal = z.looseObject({
  error: z.looseObject({
    code: z.string(),
    message: z.string(),
    reasons: z.array(z.looseObject({ code: z.string(), sentence: z.string(), nextStep: z.string() })).default([]),
  }),
})

export interface Refusal {
  readonly code: string
  readonly message: string
  readonly reasons: readonly { readonly code: string; readonly sentence: string; readonly nextStep: string }[]
}

/** What a command says that must be refused. @throws Error when it does anything but exit with 1 and say why */
export async function runRefused(script: string, args: readonly string[]): Promise<Refusal> {
  const { code, stdout, stderr } = await runCommand(script, [...args, '--json'])
  if (code !== 1) throw new Error(`${script} ${args.join(' ')} exited with ${code} where it should be refused: ${stderr}${stdout}`)
  return refusal.parse(JSON.parse(stdout)).error
}
