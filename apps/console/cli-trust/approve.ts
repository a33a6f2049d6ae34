// SPDX-License-Identifier: Apache-2.0
//
// Reviewing and signing, beside the repository or on a computer that never sees it: `review --out` writes the exact bytes, `sign
// --bytes` signs them there, `accept` takes the signature in.
import { createHash } from 'node:crypto'
import { Command } from 'commander'
import { z } from 'zod'
import { readSmallFile, writeNewFile } from '../cli/files.ts'
import { bytesText, print } from '../cli/output.ts'
import { limits } from '../src/publish/limits.ts'
import { type OfflineRole, signatureList } from '../src/publish/metadata.ts'
import { type Review, reviewPending } from '../src/publish/review.ts'
import { addSignature, type Progress, signPending } from '../src/publish/sign.ts'
import { TrustError } from './error.ts'
import { keyOptions, openSigner } from './key-file.ts'
import { offlineRoles, parseSha256, type RepositoryOption, roleOption, storeOf, withRepository } from './options.ts'

const signatureFile = z.strictObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/), signature: signatureList.element })

export function reviewCommand(): Command {
  const command = new Command('review')
    .description('show what the waiting version of a role would change')
    .addOption(roleOption(offlineRoles))
    .option('--out <file>', 'write the bytes to be signed, for `sign --bytes` elsewhere')
  return withRepository(command).action(async (options: RepositoryOption & { readonly role: OfflineRole; readonly out?: string }) => {
    const { bytes, ...review } = await reviewPending(storeOf(options), options.role)
    if (options.out !== undefined) await writeNewFile(options.out, bytes)
    print(options.json, review, linesOf(review))
  })
}

interface SignOptions {
  readonly repository?: string
  readonly role?: OfflineRole
  readonly bytes?: string
  readonly out?: string
  readonly sha256: string
  readonly key: string
  readonly passphraseFile?: string
  readonly json?: true
}

export function signCommand(): Command {
  return new Command('sign')
    .description('approve what `review` showed, and nothing else')
    .requiredOption('--sha256 <hex>', 'of the bytes that were reviewed', parseSha256)
    .requiredOption('--key <file>', 'the approver`s key file')
    .option('--passphrase-file <file>', 'one line; asked on the terminal without it')
    .option('--repository <folder>', 'where the version waits; needs --role')
    .option('--role <role>', 'the role')
    .option('--bytes <file>', 'instead of a repository: what `review --out` wrote; needs --out')
    .option('--out <file>', 'where the signature goes')
    .action(async ({ repository, role, bytes, out, sha256, key, passphraseFile, json }: SignOptions) => {
      const [option] = keyOptions([key], passphraseFile === undefined ? [] : [passphraseFile])
      if (option === undefined) throw new TrustError('usage', 'expected a key')
      if (repository !== undefined && role !== undefined && bytes === undefined && out === undefined) {
        const known = offlineRoles.find((name) => name === role)
        if (known === undefined) throw new TrustError('usage', `expected a role of ${offlineRoles.join(', ')}, found \`${role}\``)
        const progress = await signPending(storeOf({ repository }), known, sha256, await openSigner(option, 'approver-key'))
        return print(json, { progress }, progress.map(progressLine))
      }
      if (bytes === undefined || out === undefined || repository !== undefined || role !== undefined) {
        throw new TrustError('usage', 'expected `--repository` and `--role`, or `--bytes` and `--out`')
      }
      const content = await readSmallFile(bytes, limits.targets)
      const found = createHash('sha256').update(content).digest('hex')
      if (found !== sha256) throw new TrustError('usage', `\`${bytes}\`: expected SHA-256 \`${sha256}\`, found \`${found}\``)
      const signer = await openSigner(option, 'approver-key')
      const signature = { keyid: signer.keyId, sig: Buffer.from(await signer.sign(content)).toString('hex') }
      await writeNewFile(out, Buffer.from(`${JSON.stringify({ sha256, signature })}\n`))
      print(json, { sha256, signature }, [`wrote \`${out}\`: the signature by \`${signer.keyId}\``])
    })
}

export function acceptCommand(): Command {
  const command = new Command('accept')
    .description('take in a signature that was made elsewhere')
    .addOption(roleOption(offlineRoles))
    .requiredOption('--signature <file>', 'what `sign --bytes` wrote')
  return withRepository(command).action(async (options: RepositoryOption & { readonly role: OfflineRole; readonly signature: string }) => {
    const { sha256, signature } = parseSignature(options.signature, (await readSmallFile(options.signature, 4096)).toString('utf8'))
    const progress = await addSignature(storeOf(options), options.role, sha256, signature)
    print(options.json, { progress }, progress.map(progressLine))
  })
}

function parseSignature(path: string, text: string): z.infer<typeof signatureFile> {
  try {
    return signatureFile.parse(JSON.parse(text))
  } catch (cause) {
    throw new TrustError('signature-file-invalid', `\`${path}\`: expected a signature, found something else`, cause)
  }
}

const progressLine = ({ by, given, needed }: Progress): string => `${given} of ${needed} approvals under the ${by} keys`

function linesOf(review: Omit<Review, 'bytes'>): readonly string[] {
  const threshold = (count: number | null) => (count === null ? 'none' : String(count))
  return [
    `\`${review.role}\` ${review.version} by ${review.author}, valid until ${review.expires}`,
    ...review.added.map(({ path, length, sha256 }) => `+ ${path}  ${bytesText(length)}  ${sha256}`),
    ...review.removed.map(({ path, sha256 }) => `- ${path}  ${sha256}`),
    ...review.keys.flatMap((change) => [
      `keys of \`${change.role}\`: threshold ${threshold(change.threshold.before)} -> ${threshold(change.threshold.after)}`,
      ...change.added.map(({ keyId, holder }) => `  + ${holder}  ${keyId}`),
      ...change.removed.map(({ keyId, holder }) => `  - ${holder}  ${keyId}`),
    ]),
    ...review.signedBy.map(({ holder, keyId }) => `signed by ${holder}  ${keyId}`),
    ...review.progress.map(progressLine),
    `sha256 ${review.sha256}`,
  ]
}
