// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander'
import { callDaemon } from './call-daemon.ts'
import { CliError } from './error.ts'
import { type CommonOptions, instanceLines, print } from './print.ts'
import { readSecretFile } from './read-secret-file.ts'

interface Options extends CommonOptions {
  readonly passwordFile?: string
  readonly wait?: true
}

const askEveryMs = 500

export function startCommand(): Command {
  return new Command('start')
    .description('start an instance')
    .argument('<instance>')
    .option('--password-file <file>', 'its password')
    .option('--wait', 'until it runs')
    .action(async (instance: string, options: Options) => {
      const password = await readSecretFile(options.passwordFile)
      const started = await callDaemon(options.data, 'start', { instance, password })
      const result = options.wait === true ? await waitUntilRunning(options.data, instance) : started
      print(options, result, instanceLines(result))
    })
}

/** @throws CliError `refused` when it is blocked or over before it runs. */
async function waitUntilRunning(data: string, instance: string) {
  for (;;) {
    const found = (await callDaemon(data, 'status', {})).instances.find((view) => view.instance === instance)
    const session = found?.session ?? null
    if (found !== undefined && session?.state === 'running') return found
    if (session === null || !session.open || session.state === 'blocked') {
      const { code = 'session-failed', sentence = 'the session ended before it ran' } = session?.blocked ?? {}
      throw new CliError('refused', code, sentence, session?.reasons ?? [])
    }
    await new Promise((resolve) => setTimeout(resolve, askEveryMs))
  }
}
