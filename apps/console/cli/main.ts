#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
//
// casemate-admin: the administrator's command line. Exit codes: 0 done; 1 refused, or a check failed; 2 wrong usage; 3 the
// environment (a file, a folder, the terminal, no running console) did not allow it. Progress and messages go to standard error,
// results to standard output.
import { Command } from 'commander'
import { runMain } from './run-main.ts'

const exitCodes = '\nExit codes: 0 done, 1 refused or a check failed, 2 wrong usage, 3 the environment did not allow it.'

type Make = () => Command

interface FirstWord {
  /** Of a group of commands; a command of its own without it. */
  readonly about?: string
  readonly load: () => Promise<readonly Make[]>
}

/** Loaded when its word is typed: to load all of it takes longer than most of it runs. */
const firstWords: Readonly<Record<string, FirstWord>> = {
  init: { load: async () => [(await import('./init.ts')).initCommand] },
  keygen: { load: async () => [(await import('./keygen.ts')).keygenCommand] },
  seal: { load: async () => [(await import('./seal.ts')).sealCommand] },
  inspect: { load: async () => [(await import('./inspect.ts')).inspectCommand] },
  verify: { load: async () => [(await import('./verify.ts')).verifyCommand] },
  diff: { load: async () => [(await import('./diff.ts')).diffCommand] },
  export: { load: async () => [(await import('./export.ts')).exportCommand] },
  import: { load: async () => [(await import('./import.ts')).importCommand] },
  fsck: { load: async () => [(await import('./fsck.ts')).fsckCommand] },
  gc: { load: async () => [(await import('./gc.ts')).gcCommand] },
  package: { about: 'sealed machines', load: async () => [(await import('./package-stage.ts')).packageStageCommand] },
  policy: {
    about: 'rules of desktops',
    load: async () => {
      const { policyCheckCommand, policyDiffCommand, policySchemaCommand } = await import('./policy-documents.ts')
      const { policyAdminKeyCommand } = await import('./policy-admin-key.ts')
      const { policyImpactCommand } = await import('./policy-impact.ts')
      const { policyStageCommand } = await import('./policy-stage.ts')
      return [policyCheckCommand, policyDiffCommand, policySchemaCommand, policyImpactCommand, policyStageCommand, policyAdminKeyCommand]
    },
  },
  release: {
    about: 'what a desktop consists of',
    load: async () => [(await import('./release-stage.ts')).releaseStageCommand, (await import('./release-rollback.ts')).releaseRollbackCommand],
  },
  desktop: {
    about: 'who gets which desktop',
    load: async () => {
      const { desktopAssignCommand, desktopUnassignCommand } = await import('./desktop-assign.ts')
      return [desktopAssignCommand, desktopUnassignCommand, (await import('./desktop-secret.ts')).desktopSecretCommand]
    },
  },
  activation: {
    about: 'what activates a desktop, and how often',
    load: async () => {
      const { activationKeyCommand, activationLimitCommand, activationPasswordCommand } = await import('./activation.ts')
      return [activationPasswordCommand, activationKeyCommand, activationLimitCommand]
    },
  },
  user: {
    about: 'who may sign in',
    load: async () => {
      const { userAddCommand, userChangeCommands, userListCommand, userPasswordCommand } = await import('./user.ts')
      return [userAddCommand, userListCommand, userPasswordCommand, ...userChangeCommands]
    },
  },
  device: {
    about: 'enrolled computers',
    load: async () => {
      const { deviceCodeCommand } = await import('./device-code.ts')
      const { deviceListCommand, deviceReinstateCommand, deviceRevokeCommand, deviceShowCommand } = await import('./devices.ts')
      const { deviceComplianceCommand, deviceReportCommand } = await import('./device-compliance.ts')
      const { deviceEffectiveCommand, deviceExplainCommand } = await import('./device-explain.ts')
      const records = [deviceListCommand, deviceShowCommand, deviceRevokeCommand, deviceReinstateCommand]
      const settings = [deviceExplainCommand, deviceEffectiveCommand]
      return [deviceCodeCommand, ...records, ...settings, deviceComplianceCommand, deviceReportCommand]
    },
  },
  'tpm-authority': {
    about: 'whose word is taken for a TPM',
    load: async () => {
      const { tpmAuthorityAddCommand, tpmAuthorityListCommand, tpmAuthorityRemoveCommand } = await import('./tpm-authority.ts')
      return [tpmAuthorityAddCommand, tpmAuthorityListCommand, tpmAuthorityRemoveCommand]
    },
  },
  'help-desk': {
    about: 'what one device is granted beyond its policies',
    load: async () => {
      const {
        helpDeskAllowMoveCommand,
        helpDeskAllowResetCommand,
        helpDeskExceptCommand,
        helpDeskExtendCommand,
        helpDeskListCommand,
        helpDeskRescueCommand,
      } = await import('./help-desk.ts')
      return [
        helpDeskExtendCommand,
        helpDeskExceptCommand,
        helpDeskAllowResetCommand,
        helpDeskAllowMoveCommand,
        helpDeskListCommand,
        helpDeskRescueCommand,
      ]
    },
  },
  escrow: {
    about: 'shares of instance keys',
    load: async () => {
      const { escrowExportCommand, escrowListCommand } = await import('./escrow.ts')
      return [escrowListCommand, escrowExportCommand]
    },
  },
  pending: { load: async () => [(await import('./pending.ts')).pendingCommand] },
  review: { load: async () => [(await import('./approve.ts')).reviewCommand] },
  approve: { load: async () => [(await import('./approve.ts')).approveCommand] },
  withdraw: { load: async () => [(await import('./pending.ts')).withdrawCommand] },
  audit: { load: async () => [(await import('./audit.ts')).auditCommand] },
}

const program = new Command('casemate-admin').description('Author, seal, approve and assign Casemate desktops.').addHelpText('after', exitCodes)

const [, , typed = ''] = process.argv
const words = Object.hasOwn(firstWords, typed) ? [typed] : Object.keys(firstWords)
for (const word of words) {
  const { about, load } = firstWords[word] ?? {}
  const parent = about === undefined ? program : program.command(word).description(about)
  for (const make of (await load?.()) ?? []) {
    parent.addCommand(make().option('--json', 'print the result, or the refusal, as one JSON object').addHelpText('after', exitCodes))
  }
}

await runMain(program, process.argv)
