// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander'
import { callDaemon } from './call-daemon.ts'
import { CliError } from './error.ts'
import { type CommonOptions, print } from './print.ts'

export function openCommand(): Command {
  return new Command('open')
    .description("print the address of the launcher's page; whoever has it can use this computer's desktops")
    .action(async (options: CommonOptions) => {
      const result = await callDaemon(options.data, 'launcher', {})
      if (result.address === null) throw new CliError('environment', 'launcher-shut', 'this daemon serves no launcher')
      print(options, result, [result.address])
    })
}
