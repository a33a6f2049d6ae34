// SPDX-License-Identifier: Apache-2.0
import { diffPackages } from '@casemate/vm-package/diff'
import { Command } from 'commander'
import { stopOnSignal } from './interrupt.ts'
import { bytesText, print } from './output.ts'
import { openPackageSource, openWithKey, type SourceOptions, withSource } from './package-source.ts'

export function diffCommand(): Command {
  return withSource(new Command('diff'))
    .description('what a device that holds one package whole has to fetch for another')
    .argument('<from>', 'with `--data` NAME/VERSION, else a folder as `seal` wrote it')
    .argument('<to>', 'likewise')
    .action(async (from: string, to: string, options: SourceOptions) => {
      const source = await openPackageSource(options)
      const [held, wanted] = [await openWithKey(source, from), await openWithKey(source, to)]
      const diff = await diffPackages(held, wanted, source.store, stopOnSignal())
      const { fetched, whole, disks } = diff
      print(options.json, diff, [
        `fetches   ${fetched.objects} objects, ${bytesText(fetched.bytes)}`,
        `of        ${whole.objects} objects, ${bytesText(whole.bytes)}`,
        ...disks.map(({ disk, objects, bytes }) => `disk      ${disk}: ${objects} objects, ${bytesText(bytes)}`),
      ])
    })
}
