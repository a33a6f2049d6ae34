// SPDX-License-Identifier: Apache-2.0
//
// The log of policies and releases, for auditors: they keep heads, and later have them proved.
import { parseKeyList } from '@casemate/policy/key-list'
import { Command } from 'commander'
import { readSmallFile, writeNewFile } from '../cli/files.ts'
import { print } from '../cli/output.ts'
import { type LogHead, readHead, readProof } from '../src/log/documents.ts'
import { openLog, proveEntry, proveSince } from '../src/log/prove.ts'
import { checkHeads, readSignedHead, signHead } from '../src/log/signed-head.ts'
import { verifyProof, verifyRepository } from '../src/log/verify.ts'
import { TrustError } from './error.ts'
import { openSigner, tokenSignerOf } from './key-file.ts'
import { clockNow, collect, type RepositoryOption, storeOf, withRepository } from './options.ts'

const mostBytes = 65_536

export function logCommand(): Command {
  const json = (command: Command) => command.option('--json', 'print the result, or the refusal, as one JSON object')
  const log = new Command('log').description('the log of every policy and release, which only ever grows')
  for (const command of [headCommand(), proveCommand(), verifyCommand()]) log.addCommand(json(command))
  return log
}

interface HeadOptions extends RepositoryOption {
  readonly online?: string
  readonly passphraseFile?: string
  readonly out?: string
}

function headCommand(): Command {
  const command = withRepository(new Command('head')).description('how long the log is, and its root hash: for an auditor to keep')
  command.option('--online <file>', "the console's online key, which signs the head").option('--passphrase-file <file>', 'one line, of that key')
  return command.option('--out <file>', 'a file for the head').action(async (options: HeadOptions) => {
    const { head } = await openLog(storeOf(options))
    if (options.out !== undefined) await writeHead(options.out, head, options)
    print(options.json, head, [`${head.size} entries, root ${head.root}`, ...(options.out === undefined ? [] : [`written to ${options.out}`])])
  })
}

async function writeHead(file: string, head: LogHead, { online, passphraseFile }: HeadOptions): Promise<void> {
  if (online === undefined) return await writeDocument(file, head)
  const signer = await tokenSignerOf(await openSigner({ path: online, passphraseFile }, 'online-key'))
  await writeNewFile(file, new TextEncoder().encode(`${await signHead(head, signer, clockNow())}\n`))
}

interface ProveOptions extends RepositoryOption {
  readonly path?: string
  readonly since?: string
  readonly out: string
}

function proveCommand(): Command {
  return withRepository(new Command('prove'))
    .description('prove that a policy or release is in the log, or that the log only grew since a head')
    .option('--path <path>', 'of the policy or release, such as policies/base/1.json')
    .option('--since <file>', 'an earlier head')
    .requiredOption('--out <file>', 'the proof')
    .action(async (options: ProveOptions) => {
      const { path, since, out, json } = options
      if ((path === undefined) === (since === undefined)) throw new TrustError('usage', 'expected `--path` or `--since`')
      const log = await openLog(storeOf(options))
      const proof = path === undefined ? await proveSince(log, await readHeadFile(since ?? '')) : await proveEntry(log, path)
      await writeDocument(out, proof)
      print(json, proof, [`a proof of ${proof.kind}, for the head of ${proof.head.size} entries`, `written to ${out}`])
    })
}

interface VerifyOptions {
  readonly repository?: string
  readonly proof?: string
  readonly head: readonly string[]
  readonly keys?: string
  readonly json?: true
}

function verifyCommand(): Command {
  return new Command('verify')
    .description('check a copy of the repository, or a proof, against the heads that were kept')
    .option('--repository <folder>', 'a copy of the repository')
    .option('--proof <file>', 'a proof, for which no copy is needed')
    .requiredOption('--head <file>', 'a head that was kept, all signed or none; may be repeated', collect)
    .option('--keys <file>', 'the approved `keys/online.json`: the heads are signed')
    .action(async ({ repository, proof, head, keys, json }: VerifyOptions) => {
      const heads = keys === undefined ? await Promise.all(head.map(readHeadFile)) : await readSignedHeads(head, keys)
      if (repository !== undefined && proof === undefined) {
        const log = await verifyRepository(storeOf({ repository }), heads)
        print(json, log.head, [`${log.entries.length} entries are there as they were published, and begin with those of every head`])
      } else if (proof !== undefined && repository === undefined) {
        const read = readProof(await readSmallFile(proof, mostBytes))
        await verifyProof(read, heads)
        print(json, read, [read.kind === 'inclusion' ? `\`${read.entry.path}\` is in the log` : 'the log has only grown between the two heads'])
      } else throw new TrustError('usage', 'expected `--repository` or `--proof`')
    })
}

async function readSignedHeads(files: readonly string[], keys: string): Promise<readonly LogHead[]> {
  const approved = await parseKeyList(new Uint8Array(await readSmallFile(keys, mostBytes)), 'online')
  const read = async (file: string) => await readSignedHead((await readSmallFile(file, mostBytes)).toString('utf8'), approved)
  const heads = await Promise.all(files.map(read))
  checkHeads(heads)
  return heads.map(({ head }) => head)
}

async function readHeadFile(file: string): Promise<LogHead> {
  return readHead(await readSmallFile(file, mostBytes))
}

async function writeDocument(file: string, value: object): Promise<void> {
  await writeNewFile(file, new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`))
}
