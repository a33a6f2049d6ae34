#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
//
// casemate-admin: the administrator's command line. Exit codes: 0 done; 1 refused, or a check failed; 2 wrong usage; 3 the
// environment (a file, a folder, the terminal) did not allow it. Progress and messages go to standard error, results to standard output.
import { Command } from 'commander'
import { inspectCommand } from './inspect.ts'
import { keygenCommand } from './keygen.ts'
import { runMain } from './run-main.ts'
import { sealCommand } from './seal.ts'
import { verifyCommand } from './verify.ts'

const program = new Command('casemate-admin')
  .description('Author, seal and check Casemate packages.')
  .addHelpText('after', '\nExit codes: 0 done, 1 refused or a check failed, 2 wrong usage, 3 the environment did not allow it.')

for (const command of [keygenCommand, sealCommand, inspectCommand, verifyCommand]) {
  program.addCommand(command().option('--json', 'print the result, or the refusal, as one JSON object'))
}

await runMain(program, process.argv)
