// SPDX-License-Identifier: Apache-2.0
import { Argument, Command } from 'commander'
import type { SnapshotList } from '../local-api.ts'
import { callDaemon } from './call-daemon.ts'
import { CliError } from './error.ts'
import { type CommonOptions, instanceLines, print } from './print.ts'
import { readSecretFile } from './read-secret-file.ts'

interface Options extends CommonOptions {
  readonly passwordFile?: string
}

const deeds = ['list', 'take', 'revert', 'rename', 'delete'] as const

export function snapshotCommand(): Command {
  return new Command('snapshot')
    .description(
      'keep an open desktop as it is now, and bring one back, open or not: take <name>, revert <id>, rename <id> <name>, delete <id>, list',
    )
    .addArgument(new Argument('<deed>').choices(deeds))
    .argument('<instance>')
    .argument('[more...]', 'an id, a name')
    .option('--password-file <file>', 'its password, where it is not open')
    .action(async (deed: (typeof deeds)[number], instance: string, more: readonly string[], options: Options) => {
      const [first = '', second = ''] = more
      const expected = { list: 0, take: 1, revert: 1, rename: 2, delete: 1 }[deed]
      if (more.length !== expected) throw new CliError('usage', 'usage', `\`snapshot ${deed}\` takes ${expected} arguments behind the instance`)
      const { data } = options
      const password = await readSecretFile(options.passwordFile)
      const show = (list: SnapshotList) => print(options, list, snapshotLines(list))
      switch (deed) {
        case 'list':
          return show(await callDaemon(data, 'snapshots', { instance, password }))
        case 'take':
          return show(await callDaemon(data, 'takeSnapshot', { instance, name: first }))
        case 'rename':
          return show(await callDaemon(data, 'renameSnapshot', { instance, snapshot: first, name: second }))
        case 'delete':
          return show(await callDaemon(data, 'deleteSnapshot', { instance, snapshot: first, password }))
        case 'revert': {
          const view = await callDaemon(data, 'revertSnapshot', { instance, snapshot: first, password })
          const later = view.session?.open === true ? [] : ['  It comes up from the snapshot at its next start.']
          return print(options, view, [...instanceLines(view), ...later])
        }
      }
    })
}

/** A line each, those that were taken after another one indented below it. */
export function snapshotLines({ snapshots, unreadable, current }: SnapshotList): readonly string[] {
  const below = (parent: string | null, depth: number): readonly string[] =>
    snapshots
      .filter((snapshot) => snapshot.parent === parent)
      .flatMap(({ id, name, takenAt, fits }) => [
        `${'  '.repeat(depth)}${id}  ${new Date(takenAt * 1000).toISOString()}  ${name}${id === current ? ' (now)' : ''}${fits ? '' : ' (another release)'}`,
        ...below(id, depth + 1),
      ])
  const lines = [...below(null, 0), ...unreadable.map((id) => `${id}  altered: it can only be deleted`)]
  return lines.length === 0 ? ['no snapshots'] : lines
}
