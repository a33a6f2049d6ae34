// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander'
import { callDaemon } from './call-daemon.ts'
import { CliError } from './error.ts'
import { type CommonOptions, escrowLine, instanceLines, print } from './print.ts'
import { readSecretFile } from './read-secret-file.ts'

interface Options extends CommonOptions {
  readonly passwordFile?: string
  readonly key?: string
  readonly newPasswordFile?: string
}

export function activateCommand(): Command {
  return new Command('activate')
    .description('turn an assigned desktop into an instance on this computer')
    .argument('<desktop>')
    .option('--password-file <file>', 'the activation password')
    .option('--key <text>', 'the activation key')
    .option('--new-password-file <file>', 'password for the instance, where its policy asks for one')
    .action(async (desktop: string, options: Options) => {
      if (options.key !== undefined && options.passwordFile !== undefined) {
        throw new CliError('usage', 'usage', 'expected `--key` or `--password-file`, found both')
      }
      const presented = options.key ?? (await readSecretFile(options.passwordFile))
      const password = await readSecretFile(options.newPasswordFile)
      const result = await callDaemon(options.data, 'activate', { desktop, presented, password })
      print(options, result, [...instanceLines(result), escrowLine(result.escrow)])
    })
}
