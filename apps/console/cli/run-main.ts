// SPDX-License-Identifier: Apache-2.0
import { EngineError } from '@casemate/engine/error'
import { PolicyError } from '@casemate/policy/error'
import { PackageError, type PackageErrorCode } from '@casemate/vm-package/error'
import { type Command, CommanderError } from 'commander'
import { DatabaseError } from '../src/db/error.ts'
import { ConsoleError } from '../src/error.ts'
import { PublishError } from '../src/publish/error.ts'
import { AdminError } from './error.ts'
import { RemoteRefusal } from './operator-call.ts'

export const exitCode = { done: 0, refused: 1, usage: 2, environment: 3 } as const
type ExitCode = (typeof exitCode)[keyof typeof exitCode]

const environmental: ReadonlySet<PackageErrorCode> = new Set([
  'handover-unreadable',
  'source-unreadable',
  'source-changed',
  'claim-lapsed',
  'store-busy',
  'store-full',
  'store-missing',
  'store-unwritable',
  'seal-cancelled',
  'tool-missing',
])

interface Failure {
  readonly exit: ExitCode
  readonly code: string
  readonly message: string
}

/** Parses and runs; sets the exit code. A failure is a line on standard error, and with `--json` an object on standard output too. */
export async function runMain(program: Command, argv: readonly string[]): Promise<void> {
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

function describe(error: unknown): Failure {
  if (error instanceof CommanderError) return { exit: exitCode.usage, code: 'usage', message: error.message.replace(/^error: /, '') }
  if (error instanceof AdminError) return { exit: exitCode[error.blame], code: error.code, message: error.message }
  if (error instanceof RemoteRefusal || error instanceof ConsoleError || error instanceof PublishError) {
    return { exit: error.code === 'unexpected' ? exitCode.environment : exitCode.refused, code: error.code, message: error.message }
  }
  if (error instanceof DatabaseError) {
    return { exit: error.code === 'database-owned' ? exitCode.refused : exitCode.environment, code: error.code, message: error.message }
  }
  if (error instanceof EngineError) return { exit: exitCode.environment, code: error.code, message: error.message }
  if (error instanceof PolicyError) return { exit: exitCode.refused, code: error.code, message: error.message }
  if (error instanceof PackageError) {
    const exit = environmental.has(error.code) ? exitCode.environment : exitCode.refused
    return { exit, code: error.code, message: withCause(error) }
  }
  return { exit: exitCode.environment, code: 'unexpected', message: error instanceof Error ? error.message : String(error) }
}

/** What the system said: `ENOSPC: no space left on device` helps where our sentence does not. */
function withCause(error: Error): string {
  return error.cause instanceof Error && 'syscall' in error.cause ? `${error.message}: ${error.cause.message}` : error.message
}
