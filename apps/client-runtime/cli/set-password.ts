// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander'
import { callDaemon } from './call-daemon.ts'
import { CliError } from './error.ts'
import { type CommonOptions, escrowLine, print } from './print.ts'
import { readSecretFile } from './read-secret-file.ts'

interface Options extends CommonOptions {
  readonly passwordFile?: string
  readonly newPasswordFile: string
}

export function setPasswordCommand(): Command {
  return new Command('set-password')
    .description('choose or change the password of an instance')
    .argument('<instance>')
    .requiredOption('--new-password-file <file>', 'the new password')
    .option('--password-file <file>', 'the present password, where there is one')
    .action(async (instance: string, options: Options) => {
      const [current, password] = [await readSecretFile(options.passwordFile), await readSecretFile(options.newPasswordFile)]
      if (password === null) throw new CliError('usage', 'usage', 'expected a new password')
      const result = await callDaemon(options.data, 'setPassword', { instance, current, password })
      print(options, result, [`The password of ${instance} is set.`, escrowLine(result.escrow)])
    })
}
