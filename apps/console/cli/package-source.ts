// SPDX-License-Identifier: Apache-2.0
//
// Where commands on sealed packages find them: in a running organisation (its store, all its packages, `NAME/VERSION`), or in a store
// and folders as `seal` wrote them.
import { join } from 'node:path'
import { unwrapPackageKey } from '@casemate/vm-package/keys'
import { type Manifest, manifestSha256, openManifest } from '@casemate/vm-package/manifest'
import type { ObjectStore } from '@casemate/vm-package/object-store'
import { openFolderStore } from '@casemate/vm-package/store'
import type { Command } from 'commander'
import { z } from 'zod'
import { consoleLayout } from '../src/organisation/layout.ts'
import { collect, readVersioned } from './data-option.ts'
import { AdminError } from './error.ts'
import { readSmallFile } from './files.ts'
import { callOperator } from './operator-call.ts'
import { openOrganisationKey } from './organisation-key.ts'

export interface SourceOptions {
  readonly data?: string
  readonly store?: string
  readonly orgKey?: string
  readonly passphraseFile?: string
  readonly json?: true
}

export interface SealedOptions extends SourceOptions {
  readonly sealed?: readonly string[]
}

export interface SourcedPackage {
  readonly manifest: Manifest
  readonly packageKey: Uint8Array
}

export interface PackageSource {
  readonly store: ObjectStore
  readonly open: (which: string) => Promise<{
    readonly manifest: Manifest
    /** Of the manifest's bytes, in hex. */
    readonly sha256: string
    /** Null where no key was asked for. */
    readonly packageKey: Uint8Array | null
  }>
}

export const withSource = (command: Command): Command =>
  command
    .option('--data <folder>', "the organisation's folder; its console must be running")
    .option('--store <folder>', 'without `--data`: object store')
    .option('--org-key <file>', "without `--data`: the organisation's sealed chunk key")
    .option('--passphrase-file <file>', 'one line; asked on the terminal without it')

export const withSealed = (command: Command): Command =>
  withSource(command).option('--sealed <folder>', 'without `--data`: a package, as `seal` wrote it (repeatable)', collect)

/**
 * @param keyless opens packages without their keys.
 * @throws AdminError `usage`, `file-unreadable` and others; PolicyError `sealed-key-*`; PackageError `store-missing`.
 */
export async function openPackageSource(options: SourceOptions, keyless = false): Promise<PackageSource> {
  const { data, store, orgKey, passphraseFile } = options
  if (data !== undefined && (store !== undefined || orgKey !== undefined)) {
    throw new AdminError('usage', 'usage', 'expected `--data`, or `--store` and `--org-key`, found both')
  }
  const layout = data === undefined ? null : consoleLayout(data)
  const keyFile = layout?.key('chunk') ?? orgKey
  const folder = layout?.objects ?? store
  if (folder === undefined) throw new AdminError('usage', 'usage', 'expected `--data` or `--store`')
  if (!keyless && keyFile === undefined) throw new AdminError('usage', 'usage', 'expected `--data` or `--org-key`')
  const opened = await openFolderStore(folder, { create: false })
  const key = keyless || keyFile === undefined ? null : await openOrganisationKey(keyFile, passphraseFile)
  const open = async (which: string) => {
    const { manifest, sealedKey } = data === undefined ? await readSealed(which) : await askConsole(data, which)
    const sha256 = manifestSha256(manifest)
    return { manifest: openManifest(manifest, sha256), sha256, packageKey: key === null ? null : unwrapPackageKey(key, sealedKey, sha256) }
  }
  return { store: opened, open }
}

/** With its key. @throws as {@link openPackageSource}; PackageError `manifest-invalid`, `key-refused`; RemoteRefusal `not-found`. */
export async function openWithKey(source: PackageSource, which: string): Promise<SourcedPackage> {
  const { manifest, packageKey } = await source.open(which)
  if (packageKey === null) throw new AdminError('usage', 'usage', 'expected `--data` or `--org-key`')
  return { manifest, packageKey }
}

/** All of the organisation, waiting and withdrawn ones too; or those that were named. */
export async function listSealed({ data, sealed = [] }: SealedOptions): Promise<readonly string[]> {
  if (data === undefined) return sealed
  if (sealed.length > 0) throw new AdminError('usage', 'usage', 'expected `--data` or `--sealed`, found both')
  const form = z.object({ packages: z.array(z.object({ name: z.string(), version: z.string() })) })
  const { read } = await callOperator(data, 'list-packages', {}, form)
  return read.packages.map(({ name, version }) => `${name}/${version}`)
}

async function readSealed(folder: string): Promise<{ readonly manifest: Uint8Array; readonly sealedKey: Uint8Array }> {
  const manifest = await readSmallFile(join(folder, 'manifest.json'), 1_048_576)
  return { manifest, sealedKey: await readSmallFile(join(folder, 'package-key.json'), 4096) }
}

async function askConsole(data: string, which: string): Promise<{ readonly manifest: Uint8Array; readonly sealedKey: Uint8Array }> {
  const { read } = await callOperator(data, 'read-package', readVersioned(which), z.object({ manifest: z.base64(), sealedKey: z.base64() }))
  return { manifest: Buffer.from(read.manifest, 'base64'), sealedKey: Buffer.from(read.sealedKey, 'base64') }
}
