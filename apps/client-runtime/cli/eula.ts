// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander'
import { callDaemon } from './call-daemon.ts'
import { type CommonOptions, print } from './print.ts'

interface Options extends CommonOptions {
  readonly accept?: string
}

export function eulaCommand(): Command {
  return new Command('eula')
    .description('read the licence of a desktop, and accept it')
    .argument('<desktop>')
    .option('--accept <sha256>', 'accept the text of this digest, as it was shown')
    .action(async (desktop: string, options: Options) => {
      if (options.accept !== undefined) {
        const result = await callDaemon(options.data, 'acceptEula', { desktop, sha256: options.accept })
        print(options, result, [`The licence of ${desktop} is accepted.`])
        return
      }
      const result = await callDaemon(options.data, 'eula', { desktop })
      const accepted = result.accepted ? 'It is accepted.' : `To accept it: casemate eula ${desktop} --accept ${result.sha256}`
      print(options, result, [result.text.trimEnd(), '', accepted])
    })
}
