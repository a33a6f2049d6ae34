// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander'
import { callDaemon } from './call-daemon.ts'
import { type CommonOptions, print } from './print.ts'

export function listCommand(): Command {
  return new Command('list').description('the desktops that are assigned to this computer').action(async (options: CommonOptions) => {
    const result = await callDaemon(options.data, 'list', {})
    const lines = result.desktops.flatMap(({ desktop, title, serial, messages, reasons, rescue }) => [
      `${desktop}: ${title}, release ${serial}`,
      ...messages.map((message) => `  ${message}`),
      ...reasons.map(({ sentence, nextStep }) => `  ${sentence} ${nextStep}`),
      ...(rescue === null ? [] : [`  Without a network, read this out to your help desk: ${rescue}`]),
    ])
    print(options, result, lines.length > 0 ? lines : ['No desktop is assigned to this computer.'])
  })
}
