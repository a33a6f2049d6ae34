// SPDX-License-Identifier: Apache-2.0
import { type CollectReport, collectGarbage } from '@casemate/vm-package/gc'
import { Command } from 'commander'
import { readDuration } from './data-option.ts'
import { AdminError } from './error.ts'
import { stopOnSignal } from './interrupt.ts'
import { bytesText, print } from './output.ts'
import { listSealed, openPackageSource, openWithKey, type SealedOptions, withSealed } from './package-source.ts'

interface Options extends SealedOptions {
  readonly grace: number
  readonly delete?: true
}

export function gcCommand(): Command {
  return withSealed(new Command('gc'))
    .description('what no package needs: with `--data` none of the organisation, else none of those named; says so, and deletes with `--delete`')
    .option('--grace <duration>', 'keep what was stored since then, for a seal to go on or its package to be put forward', readDuration, 7 * 86_400)
    .option('--delete', 'delete it; refused while something is sealed')
    .action(gc)
}

async function gc(options: Options): Promise<void> {
  const named = await listSealed(options)
  // Nothing to keep is more often a forgotten option than what somebody wants.
  if (named.length === 0) throw new AdminError('refused', 'package-missing', 'expected at least one package to keep, found none')
  const source = await openPackageSource(options)
  const packages = []
  for (const which of named) packages.push(await openWithKey(source, which))
  const report = await collectGarbage({
    ...{ store: source.store, packages, graceSeconds: options.grace, delete: options.delete === true, signal: stopOnSignal() },
  })
  print(options.json, { packages: packages.length, ...report }, linesOf(report, packages.length))
}

function linesOf({ needed, young, unused, leftovers, deleted }: CollectReport, packages: number): readonly string[] {
  const did = deleted ? 'deleted' : 'would delete'
  return [
    `needed     ${needed.objects} objects, ${bytesText(needed.bytes)}, of ${packages} packages`,
    `young      ${young.objects} objects, ${bytesText(young.bytes)}`,
    `unused     ${did} ${unused.objects} objects, ${bytesText(unused.bytes)}`,
    `leftovers  ${did} ${leftovers.objects} parts of broken puts, ${bytesText(leftovers.bytes)}`,
  ]
}
