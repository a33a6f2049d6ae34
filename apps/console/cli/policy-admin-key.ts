// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto'
import { writeAdministratorKey } from '@casemate/policy/administrator-key'
import { makeAdministratorKey } from '@casemate/policy/administrator-key-make'
import { Command } from 'commander'
import { derivePassphraseKey } from '../src/access/derive-passphrase-key.ts'
import { print } from './output.ts'
import { readNewPassphrase } from './passphrase.ts'

interface Options {
  readonly passphraseFile?: string
  readonly json?: true
}

export function policyAdminKeyCommand(): Command {
  return new Command('admin-key')
    .description(
      'make the key of an administrator mode for a policy: whoever knows its password can loosen what the policy lists; no console is needed',
    )
    .option('--passphrase-file <file>', 'the password, one line; asked on the terminal without it')
    .action(async ({ passphraseFile, json }: Options) => {
      const password = { text: await readNewPassphrase(passphraseFile), derive: derivePassphraseKey }
      const key = writeAdministratorKey(await makeAdministratorKey(password, (length) => new Uint8Array(randomBytes(length))))
      print(json, { key }, [
        'rule for a policy, with what may be loosened and for how long as you choose:',
        '',
        '  - setting: administrator-mode',
        '    value:',
        '      mode: password',
        `      key: ${key}`,
        '      maxMinutes: 30',
        '      tries: 5',
        '      lockMinutes: 15',
        '      allows: [{ setting: clipboard-to-guest, value: { maxTextBytes: 1048576 } }]',
      ])
    })
}
