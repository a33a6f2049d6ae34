// SPDX-License-Identifier: Apache-2.0
import { encodeBase64url } from '@casemate/policy/base64url'
import { describeSealedKey } from '@casemate/policy/sealed-key'
import { Command, Option } from 'commander'
import { readSmallFile, refuseExisting, writeNewFile } from '../cli/files.ts'
import { print } from '../cli/output.ts'
import { readNewPassphrase } from '../cli/passphrase.ts'
import { newEscrowKeyFile } from './escrow-key-file.ts'
import { newKeyFile } from './key-file.ts'

interface KeygenOptions {
  readonly out: string
  readonly kind: 'approver' | 'online' | 'escrow'
  readonly passphraseFile?: string
  readonly json?: true
}

export function keygenCommand(): Command {
  return new Command('keygen')
    .description('make a key, in a file sealed with a passphrase')
    .requiredOption('--out <file>', 'the new key file')
    .addOption(
      new Option(
        '--kind <kind>',
        'approver: signs root, targets, packages, policies or releases; online: the console holds it; escrow: opens your shares of instance keys',
      )
        .choices(['approver', 'online', 'escrow'])
        .makeOptionMandatory(),
    )
    .option('--passphrase-file <file>', 'one line; asked on the terminal without it')
    .action(async ({ out, kind, passphraseFile, json }: KeygenOptions) => {
      await refuseExisting(out)
      const passphrase = await readNewPassphrase(passphraseFile)
      const { text, keyId, publicKey } = kind === 'escrow' ? await newEscrowKeyFile(passphrase) : await newKeyFile(`${kind}-key`, passphrase)
      await writeNewFile(out, Buffer.from(text))
      const key = encodeBase64url(publicKey)
      print(json, { kind: `${kind}-key`, file: out, keyId, publicKey: key }, [`wrote \`${out}\``, `key id     ${keyId}`, `public key ${key}`])
    })
}

export function showKeyCommand(): Command {
  return new Command('show-key')
    .description('show what a key file says of itself, without its passphrase')
    .requiredOption('--key <file>', 'the key file')
    .action(async ({ key, json }: { readonly key: string; readonly json?: true }) => {
      const about = describeSealedKey((await readSmallFile(key, 8192)).toString('utf8'))
      print(
        json,
        about,
        Object.entries(about).map(([name, value]) => `${name.padEnd(10)} ${value}`),
      )
    })
}
