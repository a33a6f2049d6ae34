// SPDX-License-Identifier: Apache-2.0
//
// Approving: what waits is fetched, checked and shown, and exactly those bytes are signed, here and not in the console.
import { openKey } from '@casemate/policy/sealed-key'
import { Command } from 'commander'
import { z } from 'zod'
import { derivePassphraseKey } from '../src/access/derive-passphrase-key.ts'
import { roleSigner } from '../src/organisation/new-keys.ts'
import { type DataOption, withData } from './data-option.ts'
import { readSmallFile } from './files.ts'
import { callOperator } from './operator-call.ts'
import { print } from './output.ts'
import { readPassphrase } from './passphrase.ts'
import { describeWaiting, readWaiting } from './waiting.ts'

interface ReviewOptions extends DataOption {
  readonly role: string
  readonly whole?: true
}

interface Options extends ReviewOptions {
  readonly key: string
  readonly passphraseFile?: string
}

const outcome = z.object({
  published: z.array(z.object({ role: z.string(), version: z.number() })),
  progress: z.array(z.object({ needed: z.number(), given: z.number() })),
})

const withReview = (command: Command): Command =>
  withData(command)
    .requiredOption('--role <role>', 'packages, policies, releases, targets or root')
    .option('--whole', 'show new documents whole, not what changes against the published ones')

export function reviewCommand(): Command {
  return withReview(new Command('review'))
    .description('show what waits for a role, as `approve` does, and sign nothing')
    .action(async ({ data, role, whole, json }: ReviewOptions) => {
      const { raw, read } = await readWaiting(data, role)
      print(json, raw, describeWaiting(read, whole === true))
    })
}

export function approveCommand(): Command {
  return withReview(new Command('approve'))
    .description('show what waits for a role, sign it, and publish at the threshold')
    .requiredOption('--key <file>', "an approver's sealed key")
    .option('--passphrase-file <file>', 'one line; asked on the terminal without it')
    .action(approve)
}

async function approve({ data, role, whole, key, passphraseFile, json }: Options): Promise<void> {
  const { read, signed } = await readWaiting(data, role)
  for (const line of describeWaiting(read, whole === true)) process.stderr.write(`${line}\n`)
  const text = (await readSmallFile(key, 8192)).toString('utf8')
  const signer = roleSigner(await openKey(text, await readPassphrase(passphraseFile), { kind: 'approver-key', derive: derivePassphraseKey }))
  const signature = { keyid: signer.keyId, sig: Buffer.from(await signer.sign(signed)).toString('hex') }
  const answer = await callOperator(data, 'approve', { role, reviewed: read.sha256, signature }, outcome)
  const lines = answer.read.published.map((out) => `published ${out.role} ${out.version}`)
  const counts = answer.read.progress.map(({ given, needed }) => `${given} of ${needed} approvals`)
  print(json, { ...answer.raw, role, reviewed: read.sha256 }, [`signed ${role} ${read.version}: ${counts.join(', ')}`, ...lines])
}
