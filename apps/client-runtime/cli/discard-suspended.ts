// SPDX-License-Identifier: Apache-2.0
import { createInterface } from 'node:readline/promises'
import { Command } from 'commander'
import { callDaemon } from './call-daemon.ts'
import { CliError } from './error.ts'
import { type CommonOptions, print } from './print.ts'
import { readSecretFile } from './read-secret-file.ts'

interface Options extends CommonOptions {
  readonly passwordFile?: string
  readonly yes?: true
}

export function discardSuspendedCommand(): Command {
  return new Command('discard-suspended')
    .description(
      'give up the memory that a desktop would go on from, where it cannot be read or the policies let you switch the desktop off: it boots over its disks next',
    )
    .argument('<instance>')
    .option('--password-file <file>', 'its password')
    .option('--yes', 'do not ask: what was open and not saved in it is lost')
    .action(async (instance: string, options: Options) => {
      if (options.yes !== true) await ask(instance)
      const password = await readSecretFile(options.passwordFile)
      const result = await callDaemon(options.data, 'discardSaved', { instance, password })
      print(options, result, [`${instance}: discarded ${result.discarded.join(', ')}; it boots at its next start`])
    })
}

/** @throws CliError `usage` where nobody is there to be asked, or who is does not want it */
async function ask(instance: string): Promise<void> {
  if (!process.stdin.isTTY) throw new CliError('usage', 'usage', 'what was open and not saved is lost for good: say `--yes`')
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await terminal.question(`What was open and not saved in ${instance} is lost for good. Discard it? (yes/no) `)
  terminal.close()
  if (answer.trim() !== 'yes') throw new CliError('usage', 'usage', 'nothing was discarded')
}
