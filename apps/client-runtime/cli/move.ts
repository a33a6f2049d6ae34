// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path'
import { Command } from 'commander'
import { callDaemon } from './call-daemon.ts'
import { CliError } from './error.ts'
import { type CommonOptions, escrowLine, print } from './print.ts'
import { readSecretFile } from './read-secret-file.ts'
import { readShareFile } from './read-share-file.ts'

interface Options extends CommonOptions {
  readonly from?: string
  readonly shares?: readonly string[]
  readonly newPasswordFile?: string
  readonly activationFile?: string
}

export function moveCommand(): Command {
  return new Command('move')
    .description(
      'bring an instance here from another computer of the organisation: first its folder, then, with the consent of help desk and administrators, its key',
    )
    .argument('<instance>')
    .option('--from <folder>', 'folder of the instance on the other computer, or a copy of it')
    .option('--shares <file...>', 'files of `casemate-trust escrow open --move`, once the help desk has granted the move')
    .option('--new-password-file <file>', 'its password from now on')
    .option('--activation-file <file>', 'the activation password or key, where the desktop asks for one')
    .action(async (instance: string, options: Options) => {
      if (options.from !== undefined) {
        const brought = await callDaemon(options.data, 'importInstance', { folder: resolve(options.from) })
        if (options.shares === undefined) {
          return print(options, brought, [`${brought.instance} is here, and does not start before it is bound to this computer.`])
        }
      }
      if (options.shares === undefined) throw new CliError('usage', 'usage', 'expected `--from` for the first step, or `--shares` for the last')
      const shares = await Promise.all(options.shares.map(readShareFile))
      const [password, presented] = [await readSecretFile(options.newPasswordFile), await readSecretFile(options.activationFile)]
      const result = await callDaemon(options.data, 'completeMove', { instance, shares, password, presented })
      print(options, result, [`${instance} is bound to this computer now, and to no other.`, escrowLine(result.escrow)])
    })
}
