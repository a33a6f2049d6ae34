// SPDX-License-Identifier: Apache-2.0
//
// Approving: the bytes that wait are fetched, every new document in them is checked against its hash and shown, and exactly those
// bytes are signed, here and not in the console.
import { createHash } from 'node:crypto'
import { openKey } from '@casemate/policy/sealed-key'
import { parseStrictJson } from '@casemate/policy/strict-json'
import { Command } from 'commander'
import { z } from 'zod'
import { derivePassphraseKey } from '../src/access/derive-passphrase-key.ts'
import { roleSigner } from '../src/organisation/new-keys.ts'
import { limits } from '../src/publish/limits.ts'
import { signedSchemas } from '../src/publish/metadata.ts'
import { type DataOption, withData } from './data-option.ts'
import { AdminError } from './error.ts'
import { readSmallFile } from './files.ts'
import { callOperator } from './operator-call.ts'
import { print } from './output.ts'
import { readPassphrase } from './passphrase.ts'
import { renderDocument } from './render-document.ts'

interface Options extends DataOption {
  readonly role: string
  readonly key: string
  readonly passphraseFile?: string
}

const waiting = z.object({
  role: z.string(),
  version: z.number(),
  author: z.string(),
  bytes: z.base64(),
  sha256: z.string(),
  added: z.array(z.object({ path: z.string(), sha256: z.string() })),
  removed: z.array(z.object({ path: z.string() })),
  targets: z.array(z.object({ path: z.string(), bytes: z.base64() })),
})

type Waiting = z.infer<typeof waiting>

const outcome = z.object({
  published: z.array(z.object({ role: z.string(), version: z.number() })),
  progress: z.array(z.object({ needed: z.number(), given: z.number() })),
})

export function approveCommand(): Command {
  return withData(new Command('approve'))
    .description('show what waits for a role, sign it, and publish at the threshold')
    .requiredOption('--role <role>', 'packages, policies, releases, targets or root')
    .requiredOption('--key <file>', "an approver's sealed key")
    .option('--passphrase-file <file>', 'one line; asked on the terminal without it')
    .action(approve)
}

async function approve({ data, role, key, passphraseFile, json }: Options): Promise<void> {
  const { read } = await callOperator(data, 'read-pending', { role }, waiting)
  const signed = checkWaiting(read)
  for (const line of describe(read)) process.stderr.write(`${line}\n`)
  const text = (await readSmallFile(key, 8192)).toString('utf8')
  const signer = roleSigner(await openKey(text, await readPassphrase(passphraseFile), { kind: 'approver-key', derive: derivePassphraseKey }))
  const signature = { keyid: signer.keyId, sig: Buffer.from(await signer.sign(signed)).toString('hex') }
  const answer = await callOperator(data, 'approve', { role, reviewed: read.sha256, signature }, outcome)
  const lines = answer.read.published.map((out) => `published ${out.role} ${out.version}`)
  const counts = answer.read.progress.map(({ given, needed }) => `${given} of ${needed} approvals`)
  print(json, { ...answer.raw, role, reviewed: read.sha256 }, [`signed ${role} ${read.version}: ${counts.join(', ')}`, ...lines])
}

/** The bytes to sign, once it is certain that what will be shown is what they name. @throws AdminError `pending-altered` */
function checkWaiting({ bytes, sha256, added, targets, role }: Waiting): Buffer {
  const signed = Buffer.from(bytes, 'base64')
  if (digest(signed) !== sha256) throw altered(`the waiting version of \`${role}\` has another SHA-256 than the console says`)
  const content = z.union([signedSchemas.root, signedSchemas.targets]).safeParse(parseStrictJson(signed, { maxBytes: limits.targets, maxDepth: 8 }))
  if (!content.success) throw altered(`expected metadata of \`${role}\`: ${z.prettifyError(content.error)}`)
  const named = content.data._type === 'targets' ? content.data.targets : {}
  for (const { path } of added) {
    const shown = targets.find((target) => target.path === path)
    if (shown === undefined || digest(Buffer.from(shown.bytes, 'base64')) !== named[path]?.hashes.sha256) {
      throw altered(`the bytes of \`${path}\` are not those that would be signed`)
    }
  }
  return signed
}

function describe({ role, version, author, removed, targets }: Waiting): readonly string[] {
  return [
    `${role} ${version}, by ${author}`,
    ...removed.map(({ path }) => `- ${path}`),
    ...targets.flatMap(({ path, bytes }) => [`+ ${path}`, ...renderDocument(path, Buffer.from(bytes, 'base64')).map((line) => `    ${line}`)]),
  ]
}

const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
const altered = (message: string): AdminError => new AdminError('refused', 'pending-altered', message)
