// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander'
import { callDaemon } from './call-daemon.ts'
import { type CommonOptions, print } from './print.ts'

export function enrolCommand(): Command {
  return new Command('enrol')
    .description('enrol this computer in the organisation of an enrolment code')
    .argument('<code>', 'the code, as the administrator gave it')
    .action(async (code: string, options: CommonOptions) => {
      const result = await callDaemon(options.data, 'enrol', { code })
      print(options, result, [`Enrolled in ${result.title} (${result.organisation}) as ${result.device}.`])
    })
}
