// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path'
import { Command } from 'commander'
import { callDaemon } from './call-daemon.ts'
import { type CommonOptions, print } from './print.ts'

export function importCommand(): Command {
  return new Command('import')
    .description('take a desktop out of a file of `casemate-admin export`, or out of a folder with its parts, for use without the network')
    .argument('<path>')
    .action(async (path: string, options: CommonOptions) => {
      const result = await callDaemon(options.data, 'import', { path: resolve(path) })
      print(options, result, [`Release ${result.serial} of ${result.desktop} is on this computer: ${result.objects} objects.`])
    })
}
