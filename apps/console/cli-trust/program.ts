// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander'
import { acceptCommand, reviewCommand, signCommand } from './approve.ts'
import { escrowCommand } from './escrow.ts'
import { initCommand, rotateCommand } from './init.ts'
import { keygenCommand, showKeyCommand } from './keygen.ts'
import { addKeyCommand, removeKeyCommand } from './keys.ts'
import { logCommand } from './log.ts'
import { planCommand } from './plan.ts'
import { publishCommand, renewCommand, statusCommand } from './publish.ts'
import { stageCommand, withdrawCommand } from './stage.ts'

/** Every command of casemate-trust; one that has run is not to be run again. */
export function trustProgram(): Command {
  const program = new Command('casemate-trust')
    .description("Make, approve and publish an organisation's signed repository.")
    .addHelpText('after', '\nExit codes: 0 done, 1 refused, 2 wrong usage, 3 the environment did not allow it.')

  const commands = [
    keygenCommand,
    showKeyCommand,
    initCommand,
    planCommand,
    addKeyCommand,
    removeKeyCommand,
    rotateCommand,
    stageCommand,
    withdrawCommand,
  ]
  const approvals = [reviewCommand, signCommand, acceptCommand, publishCommand, renewCommand, statusCommand]
  for (const command of [...commands, ...approvals]) {
    program.addCommand(command().option('--json', 'print the result, or the refusal, as one JSON object'))
  }
  program.addCommand(logCommand())
  program.addCommand(escrowCommand())
  return program
}
