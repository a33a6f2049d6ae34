// SPDX-License-Identifier: Apache-2.0
//
// The way back of `export`, for the organisation's own store; devices take the same file with `casemate import`.
import { resolve } from 'node:path'
import type { OpenPackage } from '@casemate/vm-package/reach'
import { Command } from 'commander'
import { takeHandover } from '../src/handover/take-handover.ts'
import { AdminError } from './error.ts'
import { stopOnSignal } from './interrupt.ts'
import { bytesText, print } from './output.ts'
import { listSealed, openPackageSource, type PackageSource, type SealedOptions, withSealed } from './package-source.ts'
import { Progress } from './progress.ts'

export function importCommand(): Command {
  return withSealed(new Command('import'))
    .description('take the objects of a package out of a file of `export`, or out of a folder with its parts, into the object store')
    .argument('<path>')
    .addHelpText(
      'after',
      '\nThe package must be one that the organisation has, or a `--sealed` one. Nothing else is taken out of the file. Of what `fsck` calls\naltered, remove it first with `fsck --repair`.',
    )
    .action(importObjects)
}

async function importObjects(path: string, options: SealedOptions): Promise<void> {
  const from = resolve(path)
  const source = await openPackageSource(options)
  const progress = new Progress('read')
  const taken = await takeHandover(from, {
    store: source.store,
    openPackage: async (sha256) => await findPackage(source, options, sha256),
    onProgress: (bytes, of) => progress.update(bytes, of),
    signal: stopOnSignal(),
  })
  progress.finish(taken.addedBytes)
  print(options.json, { file: from, ...taken }, [
    `\`${taken.desktop}\` release ${taken.serial}: ${taken.objects} objects, ${taken.added} of them new (${bytesText(taken.addedBytes)})`,
    'the package is whole in the store',
  ])
}

async function findPackage(source: PackageSource, options: SealedOptions, sha256: string): Promise<OpenPackage> {
  for (const which of await listSealed(options)) {
    const { manifest, sha256: found, packageKey } = await source.open(which)
    if (found === sha256 && packageKey !== null) return { manifest, packageKey }
  }
  throw new AdminError('refused', 'package-missing', `expected the hand-over of a package that is known here, found that of \`${sha256}\``)
}
