// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander'
import { callDaemon } from './call-daemon.ts'
import { type CommonOptions, print } from './print.ts'

export function rescueCommand(): Command {
  return new Command('rescue')
    .description('get help without a network: prints what to read out to the help desk, and takes the code that it answers')
    .argument('<desktop>')
    .option('--code <text>', 'the code that the help desk read out')
    .action(async (desktop: string, options: CommonOptions & { readonly code?: string }) => {
      if (options.code === undefined) {
        const result = await callDaemon(options.data, 'askRescue', { desktop })
        print(options, result, [result.request, `  Read this out to your help desk, then: casemate rescue ${desktop} --code CODE`])
        return
      }
      const result = await callDaemon(options.data, 'rescue', { desktop, code: options.code })
      print(options, result, [`The code is taken. Start ${desktop} again.`])
    })
}
