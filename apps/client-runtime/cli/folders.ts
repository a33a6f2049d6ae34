// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path'
import { Command } from 'commander'
import type { FolderList } from '../local-api.ts'
import { callDaemon } from './call-daemon.ts'
import { type CommonOptions, print } from './print.ts'

export function shareCommand(): Command {
  return new Command('share')
    .description('give a desktop a folder of this computer, now and at its next starts, as far as its policies allow; without a folder, list them')
    .argument('<instance>')
    .argument('[folder]')
    .option('--read-only', 'the desktop may read it and not change it')
    .action(async (instance: string, folder: string | undefined, options: CommonOptions & { readonly readOnly?: true }) => {
      const { data } = options
      show(
        options,
        folder === undefined
          ? await callDaemon(data, 'folders', { instance })
          : await callDaemon(data, 'shareFolder', { instance, path: resolve(folder), readOnly: options.readOnly === true }),
      )
    })
}

export function unshareCommand(): Command {
  return new Command('unshare')
    .description('take a folder away from a desktop, at once and for its next starts')
    .argument('<instance>')
    .argument('<folder>')
    .action(async (instance: string, folder: string, options: CommonOptions) =>
      show(options, await callDaemon(options.data, 'unshareFolder', { instance, path: resolve(folder) })),
    )
}

function show(options: CommonOptions, result: FolderList): void {
  print(options, result, folderLines(result))
}

/** With what root of a Linux guest types. */
function folderLines({ folders }: FolderList): readonly string[] {
  if (folders.length === 0) return ['no folders']
  return folders.flatMap(({ path, readOnly, port, state, code }) => [
    `${path}: ${state}${readOnly && state === 'not-shared' ? ' (to be read only)' : ''}${code === null ? '' : ` (${code})`}`,
    `  in the guest: mount -t 9p -o trans=tcp,port=${port},version=9p2000.L 10.0.2.2 /mnt`,
  ])
}
