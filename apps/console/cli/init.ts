// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto'
import { slug } from '@casemate/policy/names'
import { Command, InvalidArgumentError } from 'commander'
import { singleOperatorWords } from '../src/organisation/custody.ts'
import { readDuration } from './data-option.ts'
import { print } from './output.ts'
import { readNewPassphrase } from './passphrase.ts'

interface Options {
  readonly data: string
  readonly organisation: string
  readonly title: string
  readonly contact: string
  readonly address?: string
  readonly lease: number
  readonly passphraseFile?: string
  readonly json?: true
}

export function initCommand(): Command {
  return new Command('init')
    .description('make an organisation: sealed keys, approved repository, database, TLS key')
    .requiredOption('--data <folder>', 'new or empty; holds everything of the organisation')
    .requiredOption('--organisation <slug>', 'its name in what is signed: lower-case letters, digits, hyphens', readSlug)
    .requiredOption('--title <text>', 'its name for people')
    .option('--contact <text>', 'whom blocked users should ask', 'the help desk')
    .option('--address <origin>', "https origin under which devices reach the console; the device door's own without it", readOrigin)
    .option('--lease <duration>', 'how long a device may run without any contact', readDuration, 604_800)
    .option('--passphrase-file <file>', 'one line; asked on the terminal without it')
    .action(init)
}

async function init({ data, organisation, title, contact, address, lease, passphraseFile, json }: Options): Promise<void> {
  const passphrase = await readNewPassphrase(passphraseFile)
  // Only this command opens the database; loading it takes longer than all of the others need.
  const { createOrganisation } = await import('../src/organisation/create.ts')
  const created = await createOrganisation({
    ...{ data, id: organisation, title, contact, address: address ?? null, leaseSeconds: lease, passphrase },
    now: Math.floor(Date.now() / 1000),
    random: (length) => new Uint8Array(randomBytes(length)),
  })
  print(json, { ...created, organisation, custody: { mode: 'single-operator', words: singleOperatorWords } }, [
    `made the organisation \`${organisation}\` in \`${created.folder}\``,
    `TLS pin   ${created.pin}`,
    '',
    ...singleOperatorWords,
  ])
}

function readSlug(text: string): string {
  if (!slug.safeParse(text).success) throw new InvalidArgumentError('expected lower-case letters, digits and hyphens, at most 64.')
  return text
}

function readOrigin(text: string): string {
  if (!URL.canParse(text) || new URL(text).origin !== text || new URL(text).protocol !== 'https:') {
    throw new InvalidArgumentError('expected an https origin, such as https://desktops.example:8443.')
  }
  return text
}
