// SPDX-License-Identifier: Apache-2.0
import { Command, InvalidArgumentError } from 'commander'
import { callDaemon } from './call-daemon.ts'
import { CliError } from './error.ts'
import { type CommonOptions, print } from './print.ts'
import { readSecretFile } from './read-secret-file.ts'

const minutes = (text: string): number => {
  const found = Number(text)
  if (!/^[1-9][0-9]{0,2}$/.test(text) || found > 480) throw new InvalidArgumentError('expected minutes from 1 to 480')
  return found
}
const also = (name: string, names: readonly string[] | undefined): readonly string[] => [...(names ?? []), name]

interface Options extends CommonOptions {
  readonly leave?: true
  readonly passwordFile?: string
  readonly minutes?: number
  readonly setting?: readonly string[]
}

export function adminModeCommand(): Command {
  return new Command('admin-mode')
    .description("let a desktop do more for a while, by an administrator's password; without --password-file or --leave, says whether it is on")
    .argument('<desktop>')
    .option('--password-file <file>', 'the password of the administrator mode, in a file')
    .option('--minutes <n>', 'for how long; without it, as long as the policies allow', minutes)
    .option('--setting <name>', 'loosen this setting only; may be given several times', also)
    .option('--leave', 'end it now')
    .action(async (desktop: string, options: Options) => {
      if (options.leave === true) {
        const left = await callDaemon(options.data, 'leaveAdministratorMode', { desktop })
        return print(options, left, [`${desktop} is not in administrator mode any more`])
      }
      if (options.passwordFile === undefined) {
        const { administrator } = await callDaemon(options.data, 'why', { desktop, setting: 'administrator-mode' })
        return print(options, { desktop, administrator }, [administratorLine(administrator)])
      }
      const password = await readSecretFile(options.passwordFile)
      if (password === null) throw new CliError('usage', 'usage', 'expected a password')
      const request = { desktop, password, minutes: options.minutes ?? null, settings: options.setting === undefined ? null : [...options.setting] }
      const entered = await callDaemon(options.data, 'enterAdministratorMode', request)
      print(options, entered, [
        `${desktop} is in administrator mode until ${new Date(entered.until * 1000).toISOString()}: ${entered.settings.join(', ')}`,
      ])
    })
}

function administratorLine(
  mode: { readonly until: number | null; readonly settings: readonly string[]; readonly maxMinutes: number } | null,
): string {
  if (mode === null) return 'the policies allow no administrator mode here'
  const settings = mode.settings.join(', ')
  if (mode.until === null) return `off; a password could loosen ${settings} for up to ${mode.maxMinutes} min`
  return `on until ${new Date(mode.until * 1000).toISOString()}: ${settings}`
}
