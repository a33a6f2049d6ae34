// SPDX-License-Identifier: Apache-2.0
import { PolicyError } from '@casemate/policy/error'
import { type Command, CommanderError } from 'commander'
import { AdminError } from '../cli/error.ts'
import { exitCode } from '../cli/run-main.ts'
import { PublishError } from '../src/publish/error.ts'
import { TrustError } from './error.ts'

/** Parses and runs; sets the exit code. A failure is a line on standard error, and with `--json` an object on standard output too. */
export async function runTrust(program: Command, argv: readonly string[]): Promise<void> {
  for (const command of allOf(program)) command.exitOverride().configureOutput({ outputError: () => undefined })
  try {
    await program.parseAsync([...argv])
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return
    const { exit, code, message } = describe(error)
    process.exitCode = exit
    process.stderr.write(`${program.name()}: ${message}\n`)
    if (argv.includes('--json')) process.stdout.write(`${JSON.stringify({ error: { code, message } })}\n`)
  }
}

const allOf = (command: Command): readonly Command[] => [command, ...command.commands.flatMap(allOf)]

function describe(error: unknown): { readonly exit: number; readonly code: string; readonly message: string } {
  if (error instanceof CommanderError) return { exit: exitCode.usage, code: 'usage', message: error.message.replace(/^error: /, '') }
  if (error instanceof AdminError) return { exit: exitCode[error.blame], code: error.code, message: error.message }
  if (error instanceof TrustError)
    return { exit: error.code === 'usage' ? exitCode.usage : exitCode.refused, code: error.code, message: error.message }
  if (error instanceof PolicyError) return { exit: exitCode.refused, code: error.code, message: error.message }
  if (error instanceof PublishError) {
    return { exit: error.code === 'repository-busy' ? exitCode.environment : exitCode.refused, code: error.code, message: error.message }
  }
  return { exit: exitCode.environment, code: 'unexpected', message: error instanceof Error ? error.message : String(error) }
}
