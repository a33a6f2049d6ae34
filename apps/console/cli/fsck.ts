// SPDX-License-Identifier: Apache-2.0
import { checkStore, type Owner, type StoreReport } from '@casemate/vm-package/fsck'
import { Command } from 'commander'
import { stopOnSignal } from './interrupt.ts'
import { bytesText, print } from './output.ts'
import { listSealed, openPackageSource, type SealedOptions, withSealed } from './package-source.ts'
import { Progress } from './progress.ts'
import { exitCode } from './run-main.ts'

interface Options extends SealedOptions {
  readonly namesOnly?: true
  readonly repair?: true
}

export function fsckCommand(): Command {
  return withSealed(new Command('fsck'))
    .description('read a whole object store: what is missing, truncated or altered, what it belongs to, and what broken puts have left')
    .option('--names-only', 'ask for no key: each object against its name, and what manifests name')
    .option('--repair', 'remove altered objects, so that the next seal stores them again; nothing may be sealed meanwhile')
    .addHelpText('after', '\nA store is clean (exit code 0) where no object is missing or bad; what broken puts have left harms nothing.')
    .action(fsck)
}

async function fsck(options: Options): Promise<void> {
  const source = await openPackageSource(options, options.namesOnly === true || (options.data === undefined && options.orgKey === undefined))
  const packages = []
  for (const which of await listSealed(options)) packages.push(await source.open(which))
  const progress = new Progress('checked')
  const report = await checkStore({
    ...{ store: source.store, packages, repair: options.repair === true, signal: stopOnSignal() },
    onProgress: ({ bytes }) => progress.update(bytes),
  })
  progress.finish(report.objects.bytes)
  const clean = report.problems.length === 0
  if (!clean) process.exitCode = exitCode.refused
  print(options.json, { clean, packages: packages.length, ...report }, linesOf(report, packages.length))
}

function linesOf({ objects, unneeded, problems, leftovers }: StoreReport, packages: number): readonly string[] {
  const left = leftovers.reduce((sum, { bytes }) => sum + bytes, 0)
  const verdict = problems.length === 0 ? 'clean' : `${problems.length} bad`
  return [
    ...problems.map(({ code, message, owners, removed }) => `${code}: ${message} (${ownersText(owners)})${removed ? '; removed' : ''}`),
    ...(leftovers.length === 0 ? [] : [`leftovers: ${leftovers.length} parts of broken puts, ${bytesText(left)}; \`gc\` deletes them`]),
    ...(unneeded === null ? [] : [`unneeded: ${unneeded.objects} objects, ${bytesText(unneeded.bytes)}`]),
    `${objects.objects} objects, ${bytesText(objects.bytes)} read, ${packages} packages: ${verdict}`,
  ]
}

function ownersText(owners: readonly Owner[]): string {
  if (owners.length === 0) return 'of no package that is known here'
  return owners.map(({ package: name, version, disk }) => `${name} ${version}${disk === null ? '' : `, disk ${disk}`}`).join('; ')
}
