#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
//
// casemate-admin: the administrator's command line. Exit codes: 0 done; 1 refused, or a check failed; 2 wrong usage; 3 the
// environment (a file, a folder, the terminal, no running console) did not allow it. Progress and messages go to standard error,
// results to standard output.
import { Command } from 'commander'
import { activationKeyCommand, activationLimitCommand, activationPasswordCommand } from './activation.ts'
import { approveCommand } from './approve.ts'
import { auditCommand } from './audit.ts'
import { desktopAssignCommand, desktopUnassignCommand } from './desktop-assign.ts'
import { desktopSecretCommand } from './desktop-secret.ts'
import { deviceCodeCommand } from './device-code.ts'
import { deviceComplianceCommand, deviceReportCommand } from './device-compliance.ts'
import { deviceListCommand, deviceReinstateCommand, deviceRevokeCommand, deviceShowCommand } from './devices.ts'
import { diffCommand } from './diff.ts'
import { exportCommand } from './export.ts'
import { fsckCommand } from './fsck.ts'
import { gcCommand } from './gc.ts'
import { initCommand } from './init.ts'
import { inspectCommand } from './inspect.ts'
import { keygenCommand } from './keygen.ts'
import { packageStageCommand } from './package-stage.ts'
import { pendingCommand, withdrawCommand } from './pending.ts'
import { policyStageCommand } from './policy-stage.ts'
import { releaseRollbackCommand } from './release-rollback.ts'
import { releaseStageCommand } from './release-stage.ts'
import { runMain } from './run-main.ts'
import { sealCommand } from './seal.ts'
import { userAddCommand, userChangeCommands, userListCommand, userPasswordCommand } from './user.ts'
import { verifyCommand } from './verify.ts'

const exitCodes = '\nExit codes: 0 done, 1 refused or a check failed, 2 wrong usage, 3 the environment did not allow it.'

const program = new Command('casemate-admin').description('Author, seal, approve and assign Casemate desktops.').addHelpText('after', exitCodes)

const groups: Readonly<Record<string, { readonly about: string; readonly commands: readonly (() => Command)[] }>> = {
  package: { about: 'sealed machines', commands: [packageStageCommand] },
  policy: { about: 'rules of desktops', commands: [policyStageCommand] },
  release: { about: 'what a desktop consists of', commands: [releaseStageCommand, releaseRollbackCommand] },
  desktop: { about: 'who gets which desktop', commands: [desktopAssignCommand, desktopUnassignCommand, desktopSecretCommand] },
  activation: {
    about: 'what activates a desktop, and how often',
    commands: [activationPasswordCommand, activationKeyCommand, activationLimitCommand],
  },
  user: { about: 'who may sign in', commands: [userAddCommand, userListCommand, userPasswordCommand, ...userChangeCommands] },
  device: {
    about: 'enrolled computers',
    commands: [
      deviceCodeCommand,
      deviceListCommand,
      deviceShowCommand,
      deviceRevokeCommand,
      deviceReinstateCommand,
      deviceComplianceCommand,
      deviceReportCommand,
    ],
  },
}

const withJson = (command: Command): Command =>
  command.option('--json', 'print the result, or the refusal, as one JSON object').addHelpText('after', exitCodes)

const ofPackages = [sealCommand, inspectCommand, verifyCommand, diffCommand, exportCommand, fsckCommand, gcCommand]
for (const command of [initCommand, keygenCommand, ...ofPackages]) program.addCommand(withJson(command()))
for (const [name, { about, commands }] of Object.entries(groups)) {
  const group = program.command(name).description(about)
  for (const command of commands) group.addCommand(withJson(command()))
}
for (const command of [pendingCommand, approveCommand, withdrawCommand, auditCommand]) program.addCommand(withJson(command()))

await runMain(program, process.argv)
