// SPDX-License-Identifier: Apache-2.0
import { Command, Option } from 'commander'
import { callDaemon } from './call-daemon.ts'
import { type CommonOptions, instanceLines, print } from './print.ts'

interface Options extends CommonOptions {
  readonly how: 'suspend' | 'power-off'
}

export function stopCommand(): Command {
  return new Command('stop')
    .description('end the session of an instance')
    .argument('<instance>')
    .addOption(new Option('--how <how>', 'what becomes of the machine').choices(['suspend', 'power-off'] as const).default('suspend' as const))
    .action(async (instance: string, options: Options) => {
      const result = await callDaemon(options.data, 'stop', { instance, how: options.how })
      print(options, result, instanceLines(result))
    })
}
