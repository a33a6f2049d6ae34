// SPDX-License-Identifier: Apache-2.0
//
// The three plain operations of the update module for scripts, without a daemon: docs/tuf-driver.md. Options may stand before or after the
// operation, so that the client protocol of tuf-conformance fits.
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Command } from 'commander'
import { CliError } from './error.ts'

interface TufOptions {
  readonly metadataDir?: string
  readonly metadataUrl?: string
  readonly targetBaseUrl?: string
  readonly targetName?: string
  readonly targetDir?: string
  readonly json?: true
}

export function tufCommand(): Command {
  const command = new Command('tuf')
    .description('follow any TUF repository: initialise with a root, refresh, download a target')
    .option('--metadata-dir <folder>', 'where verified metadata is kept')
    .option('--metadata-url <url>', "the repository's metadata")
    .option('--target-base-url <url>', "the repository's targets")
    .option('--target-name <path>', 'the target')
    .option('--target-dir <folder>', 'where the target is put')
    .option('--json', 'print the result, or the refusal, as one JSON object')
  command
    .command('initialise')
    .alias('init')
    .description('trust a root; nothing is fetched')
    .argument('<root>', 'a root.json')
    .action(async (root: string, _own: object, own: Command) => {
      const metadataDir = resolve(needed(own, 'metadataDir'))
      const bytes = await readFile(root).catch((cause: unknown) => {
        throw new CliError('environment', 'file-unreadable', `\`${root}\` cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`)
      })
      await run(own, async () => await (await import('./tuf-operations.ts')).initialiseFolder(metadataDir, bytes))
    })
  command
    .command('refresh')
    .description('bring the metadata up to date')
    .action(async (_own: object, own: Command) => {
      const [metadataDir, metadataUrl] = [resolve(needed(own, 'metadataDir')), neededUrl(own, 'metadataUrl')]
      await run(own, async () => await (await import('./tuf-operations.ts')).refreshFolder(metadataDir, { metadataUrl }))
    })
  command
    .command('download')
    .description('refresh, then fetch a target unless it is here already')
    .action(async (_own: object, own: Command) => {
      const metadataDir = resolve(needed(own, 'metadataDir'))
      const repository = { metadataUrl: neededUrl(own, 'metadataUrl'), targetsUrl: neededUrl(own, 'targetBaseUrl') }
      const into = { path: needed(own, 'targetName'), folder: resolve(needed(own, 'targetDir')) }
      await run(own, async () => await (await import('./tuf-operations.ts')).downloadInto(metadataDir, repository, into))
    })
  return command
}

const flags = {
  metadataDir: '--metadata-dir',
  metadataUrl: '--metadata-url',
  targetBaseUrl: '--target-base-url',
  targetName: '--target-name',
  targetDir: '--target-dir',
} as const

/** @throws CliError `usage` */
function needed(command: Command, name: keyof typeof flags): string {
  const value = command.optsWithGlobals<TufOptions>()[name]
  if (value === undefined) throw new CliError('usage', 'usage', `expected \`${flags[name]}\``)
  return value
}

/** @throws CliError `usage` */
function neededUrl(command: Command, name: 'metadataUrl' | 'targetBaseUrl'): string {
  const value = needed(command, name)
  if (/^https?:$/.test(URL.parse(value)?.protocol ?? '')) return value
  throw new CliError('usage', 'usage', `\`${flags[name]}\`: expected an address of http or https`)
}

/** TUF is loaded where it is used: no other command needs it. */
async function run(command: Command, act: () => Promise<object>): Promise<void> {
  const { namedRefusal } = await import('./tuf-operations.ts')
  const result = await act().catch((error: unknown) => {
    throw namedRefusal(error)
  })
  const { json } = command.optsWithGlobals<TufOptions>()
  process.stdout.write(
    json
      ? `${JSON.stringify(result)}\n`
      : Object.entries(result)
          .map(([name, value]) => `${name}: ${JSON.stringify(value)}\n`)
          .join(''),
  )
}
