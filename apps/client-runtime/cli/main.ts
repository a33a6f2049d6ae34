#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
//
// casemate: the user's command line. It asks the daemon and shows what it says; `tuf` alone works without one. Exit codes: 0 done; 1 refused, with the reason; 2 wrong
// usage; 3 no daemon, or the environment did not allow it.
import { Command, CommanderError } from 'commander'
import { activateCommand } from './activate.ts'
import { adminModeCommand } from './admin-mode.ts'
import { discardSuspendedCommand } from './discard-suspended.ts'
import { doctorCommand } from './doctor.ts'
import { enrolCommand } from './enrol.ts'
import { CliError, exitCode } from './error.ts'
import { eulaCommand } from './eula.ts'
import { shareCommand, unshareCommand } from './folders.ts'
import { infoCommand } from './guest-info.ts'
import { importCommand } from './import.ts'
import { listCommand } from './list.ts'
import { ejectCommand, insertCommand } from './media.ts'
import { moveCommand } from './move.ts'
import { networkCommand } from './network.ts'
import { openCommand } from './open.ts'
import { overrideCommand } from './override.ts'
import { refusalLines } from './print.ts'
import { rescueCommand } from './rescue.ts'
import { resetPasswordCommand } from './reset-password.ts'
import { setPasswordCommand } from './set-password.ts'
import { snapshotCommand } from './snapshot.ts'
import { startCommand } from './start.ts'
import { statusCommand } from './status.ts'
import { stopCommand } from './stop.ts'
import { tufCommand } from './tuf.ts'
import { updateCommand } from './update.ts'
import { usbCommand } from './usb.ts'
import { whyCommand } from './why.ts'

const program = new Command('casemate')
  .description('Enrol this computer and use its desktops.')
  .addHelpText('after', '\nExit codes: 0 done, 1 refused with a reason, 2 wrong usage, 3 no daemon or the environment did not allow it.')

const commands = [
  enrolCommand,
  listCommand,
  importCommand,
  eulaCommand,
  activateCommand,
  setPasswordCommand,
  overrideCommand,
  rescueCommand,
  adminModeCommand,
  resetPasswordCommand,
  moveCommand,
  startCommand,
  stopCommand,
  insertCommand,
  shareCommand,
  unshareCommand,
  infoCommand,
  ejectCommand,
  usbCommand,
  snapshotCommand,
  discardSuspendedCommand,
  statusCommand,
  networkCommand,
  whyCommand,
  doctorCommand,
  updateCommand,
  openCommand,
]
for (const command of commands) {
  program.addCommand(
    command().requiredOption('--data <folder>', 'data folder of the daemon').option('--json', 'print the result, or the refusal, as one JSON object'),
  )
}
program.addCommand(tufCommand())
for (const command of allOf(program)) command.exitOverride().configureOutput({ outputError: () => undefined })

try {
  await program.parseAsync(process.argv)
} catch (error) {
  if (!(error instanceof CommanderError && error.exitCode === 0)) fail(error)
}

function allOf(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(allOf)]
}

function fail(error: unknown): void {
  const known = error instanceof CliError ? error : undefined
  const usage = error instanceof CommanderError
  const message = error instanceof Error ? error.message.replace(/^error: /, '') : String(error)
  const code = known?.code ?? (usage ? 'usage' : 'unexpected')
  process.exitCode = exitCode[known?.blame ?? (usage ? 'usage' : 'environment')]
  for (const line of usage || known?.blame === 'usage' ? [message] : refusalLines({ code, message, reasons: known?.reasons ?? [] })) {
    process.stderr.write(`casemate: ${line}\n`)
  }
  if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify({ error: { code, message, reasons: known?.reasons ?? [] } })}\n`)
}
