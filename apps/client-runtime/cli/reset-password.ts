// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander'
import { callDaemon } from './call-daemon.ts'
import { CliError } from './error.ts'
import { type CommonOptions, escrowLine, print } from './print.ts'
import { readSecretFile } from './read-secret-file.ts'
import { readShareFile } from './read-share-file.ts'

interface Options extends CommonOptions {
  readonly shares: readonly string[]
  readonly newPasswordFile: string
}

export function resetPasswordCommand(): Command {
  return new Command('reset-password')
    .description('choose a new password of an instance with the shares that administrators gave back')
    .argument('<instance>')
    .requiredOption('--shares <file...>', 'files of `casemate-trust escrow open`')
    .requiredOption('--new-password-file <file>', 'the new password')
    .action(async (instance: string, options: Options) => {
      const [shares, password] = [await Promise.all(options.shares.map(readShareFile)), await readSecretFile(options.newPasswordFile)]
      if (password === null) throw new CliError('usage', 'usage', 'expected a new password')
      const result = await callDaemon(options.data, 'resetPassword', { instance, shares, password })
      print(options, result, [`The password of ${instance} is set; the one before opens nothing any more.`, escrowLine(result.escrow)])
    })
}
