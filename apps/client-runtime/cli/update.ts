// SPDX-License-Identifier: Apache-2.0
import { Argument, Command } from 'commander'
import { callDaemon } from './call-daemon.ts'
import { type CommonOptions, print } from './print.ts'

export function updateCommand(): Command {
  return new Command('update')
    .description('of this runtime itself, by the vendor that was named when it was installed: look for one, or download and verify it')
    .addArgument(new Argument('<what>').choices(['check', 'download'] as const))
    .action(async (what: 'check' | 'download', options: CommonOptions) => {
      if (what === 'check') {
        const found = await callDaemon(options.data, 'checkUpdate', {})
        const { running, newest, required } = found
        print(options, found, [
          `Version ${running} runs.`,
          newest === null ? 'There is no newer one.' : `Version ${newest} can be downloaded.`,
          ...(required === null ? [] : [`Your organisation asks for ${required} or later.`]),
        ])
        return
      }
      const downloaded = await callDaemon(options.data, 'downloadUpdate', {})
      print(options, downloaded, [`Version ${downloaded.version} is verified and here; it is not installed:`, downloaded.file])
    })
}
