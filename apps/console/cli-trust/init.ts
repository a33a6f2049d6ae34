// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander'
import { print } from '../cli/output.ts'
import { createRepository } from '../src/publish/create.ts'
import { stageRotation } from '../src/publish/rotate.ts'
import { openSigners } from './key-file.ts'
import { clockNow, collect, type RepositoryOption, storeOf, withPassphrases, withRepository } from './options.ts'
import { readPlanFile } from './plan-file.ts'

interface InitOptions extends RepositoryOption {
  readonly plan: string
  readonly author: string
  readonly key?: readonly string[]
  readonly online: readonly string[]
  readonly passphraseFile?: readonly string[]
  readonly onlinePassphraseFile?: readonly string[]
}

export function initCommand(): Command {
  const command = new Command('init')
    .description('make a repository by a plan; offline keys that are not at hand sign later')
    .requiredOption('--plan <file>', 'trust.yaml: keys, their holders, and the threshold of each role')
    .requiredOption('--author <name>', 'who makes it')
    .option('--key <file>', 'an offline key at hand; may be repeated', collect)
    .requiredOption('--online <file>', 'a key of snapshot or timestamp; may be repeated', collect)
    .option('--online-passphrase-file <file>', 'as --passphrase-file, for --online', collect)
  return withPassphrases(withRepository(command)).action(async (options: InitOptions) => {
    const { plan, author, key = [], online, passphraseFile, onlinePassphraseFile, json } = options
    const trust = await readPlanFile(plan)
    const offline = await openSigners(key, passphraseFile, 'approver-key')
    const signers = await openSigners(online, onlinePassphraseFile, 'online-key')
    const result = await createRepository(storeOf(options), { ...trust, author, offline }, { online: signers, now: clockNow() })
    const lines = result.waiting.map((role) => `\`${role}\` waits for more signatures: \`review\`, then \`sign\`, then \`publish\``)
    print(json, result, lines.length > 0 ? lines : [`published ${result.published.map(({ role, version }) => `${role} ${version}`).join(', ')}`])
  })
}

interface RotateOptions extends RepositoryOption {
  readonly plan: string
  readonly author: string
}

export function rotateCommand(): Command {
  const command = new Command('rotate')
    .description('stage every role that has to be signed anew for a changed plan')
    .requiredOption('--plan <file>', 'trust.yaml as it is to be')
    .requiredOption('--author <name>', 'who makes the change')
  return withRepository(command).action(async (options: RotateOptions) => {
    const trust = await readPlanFile(options.plan)
    const staged = await stageRotation(storeOf(options), { ...trust, author: options.author, now: clockNow() })
    print(options.json, { staged }, staged.length === 0 ? ['nothing differs'] : staged.map((role) => `\`${role}\` waits for signatures`))
  })
}
