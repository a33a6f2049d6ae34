// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander'
import { z } from 'zod'
import { type DataOption, withData } from './data-option.ts'
import { callOperator } from './operator-call.ts'
import { print } from './output.ts'
import { readPassphrase } from './passphrase.ts'

interface Options extends DataOption {
  readonly desktop: string
  readonly name: string
  readonly valueFile?: string
  readonly remove?: true
}

export function desktopSecretCommand(): Command {
  return withData(new Command('secret'))
    .description('give a desktop a secret that its customization files ask for as %secret(NAME)%; it goes to activated devices, with their leases')
    .requiredOption('--desktop <slug>', 'the desktop')
    .requiredOption('--name <name>', 'the name in the files')
    .option('--value-file <file>', 'one line; asked on the terminal without it')
    .option('--remove', 'take the secret away; instances that have it keep it')
    .action(async ({ data, desktop, name, valueFile, remove, json }: Options) => {
      const value = remove === true ? null : await readPassphrase(valueFile, `Secret ${name}: `)
      const { raw } = await callOperator(data, 'set-desktop-secret', { desktop, name, value }, z.object({}))
      print(json, raw, [remove === true ? `\`${desktop}\` has no secret \`${name}\` any more` : `\`${desktop}\` has its secret \`${name}\``])
    })
}
