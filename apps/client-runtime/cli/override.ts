// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises'
import { Command } from 'commander'
import { callDaemon } from './call-daemon.ts'
import { CliError } from './error.ts'
import { type CommonOptions, print } from './print.ts'

export function overrideCommand(): Command {
  return new Command('override')
    .description('take an override that the help desk sent as a file')
    .argument('<file>')
    .action(async (file: string, options: CommonOptions) => {
      const token = await readFile(file, 'utf8').catch((error: unknown) => {
        throw new CliError('environment', 'file-unreadable', `\`${file}\` cannot be read: ${error instanceof Error ? error.message : error}`)
      })
      const result = await callDaemon(options.data, 'takeOverride', { token: token.trim() })
      const until = new Date(result.expires * 1000).toISOString().slice(0, 16).replace('T', ' ')
      print(options, result, [`An ${result.kind} for ${result.desktop} holds until ${until} UTC, as far as its policies allow.`])
    })
}
