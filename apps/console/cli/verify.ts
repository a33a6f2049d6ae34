// SPDX-License-Identifier: Apache-2.0
import { dirname, join } from 'node:path'
import { unwrapPackageKey } from '@casemate/vm-package/keys'
import { openFolderStore } from '@casemate/vm-package/store'
import { type VerifyReport, verifyNames, verifyPackage } from '@casemate/vm-package/verify'
import { Command } from 'commander'
import { readSmallFile } from './files.ts'
import { stopOnSignal } from './interrupt.ts'
import { type ManifestFile, readManifestFile } from './manifest-file.ts'
import { openOrganisationKey } from './organisation-key.ts'
import { bytesText, print } from './output.ts'
import { Progress } from './progress.ts'
import { exitCode } from './run-main.ts'

interface Options {
  readonly manifest: string
  readonly sha256?: string
  readonly store: string
  readonly orgKey?: string
  readonly packageKey?: string
  readonly passphraseFile?: string
  readonly json?: true
}

export function verifyCommand(): Command {
  return new Command('verify')
    .description('read a package from the store and check every byte; without `--org-key`, names only and of the whole store')
    .requiredOption('--manifest <file>', 'the manifest')
    .option('--sha256 <hex>', 'refuse any other manifest')
    .requiredOption('--store <folder>', 'object store')
    .option('--org-key <file>', "the organisation's sealed chunk key")
    .option('--package-key <file>', 'wrapped package key; `package-key.json` beside the manifest without it')
    .option('--passphrase-file <file>', 'one line; asked on the terminal without it')
    .action(verify)
}

async function verify(options: Options): Promise<void> {
  const file = await readManifestFile(options.manifest, options.sha256)
  const packageKey = options.orgKey === undefined ? null : await openPackageKey(options, options.orgKey, file)
  const store = await openFolderStore(options.store, { create: false })
  const progress = new Progress('checked')
  const common = {
    manifest: file.manifest,
    store,
    signal: stopOnSignal(),
    onProgress: ({ bytes }: { readonly bytes: number }) => progress.update(bytes),
  }
  const report = packageKey === null ? await verifyNames(common) : await verifyPackage({ ...common, packageKey })
  progress.finish(report.bytes)
  const depth = packageKey === null ? 'names' : 'content'
  if (report.problems.length > 0) process.exitCode = exitCode.refused
  print(options.json, { sha256: file.sha256, depth, intact: report.problems.length === 0, ...report }, linesOf(report, depth))
}

async function openPackageKey({ manifest, packageKey, passphraseFile }: Options, orgKey: string, { sha256 }: ManifestFile): Promise<Uint8Array> {
  const wrapped = await readSmallFile(packageKey ?? join(dirname(manifest), 'package-key.json'), 4096)
  return unwrapPackageKey(await openOrganisationKey(orgKey, passphraseFile), wrapped, sha256)
}

function linesOf({ objects, bytes, problems }: VerifyReport, depth: 'names' | 'content'): readonly string[] {
  const summary = `${objects} objects, ${bytesText(bytes)} checked (${depth}): ${problems.length === 0 ? 'intact' : `${problems.length} bad`}`
  return [...problems.map(({ code, message }) => `${code}: ${message}`), summary]
}
