// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander'
import { refuseExisting, writeNewFile } from './files.ts'
import { newOrganisationKey } from './organisation-key.ts'
import { print } from './output.ts'
import { readNewPassphrase } from './passphrase.ts'

interface Options {
  readonly out: string
  readonly passphraseFile?: string
  readonly json?: true
}

export function keygenCommand(): Command {
  return new Command('keygen')
    .description("make the organisation's chunk key, in a file sealed with a passphrase")
    .requiredOption('--out <file>', 'the new key file')
    .option('--passphrase-file <file>', 'one line; asked on the terminal without it')
    .action(async ({ out, passphraseFile, json }: Options) => {
      await refuseExisting(out)
      const file = await newOrganisationKey(await readNewPassphrase(passphraseFile))
      await writeNewFile(out, Buffer.from(file))
      print(json, { kind: 'chunk-key', file: out }, [
        `wrote \`${out}\``,
        'keep a copy: without it and its passphrase no package can be sealed or its keys be opened',
      ])
    })
}
