// SPDX-License-Identifier: Apache-2.0
//
// What a device needs of one release to run it without the network, its lease apart: all metadata, the targets that the release names,
// the objects of its package. Everything is as devices fetch it; they verify it as if it came from the console.
import { createHash } from 'node:crypto'
import { keyListPath } from '@casemate/policy/key-list'
import { packageOf, parseRelease, type Release, releasePath } from '@casemate/policy/release'
import { PackageError } from '@casemate/vm-package/error'
import { formatHead, headFile } from '@casemate/vm-package/handover-head'
import type { ObjectStore } from '@casemate/vm-package/object-store'
import { mostObjectBytes } from '@casemate/vm-package/object-store'
import { neededObjects, type OpenPackage } from '@casemate/vm-package/reach'
import { ConsoleError } from '../error.ts'
import { PublishError } from '../publish/error.ts'
import { type Repository, readRepository, sha256Of } from '../publish/repository.ts'
import { type RepositoryStore, roleFile, snapshotFile, targetFile, timestampFile } from '../publish/store.ts'

export interface HandoverFile {
  readonly name: string
  readonly bytes: Uint8Array
}

export interface Handover {
  readonly release: Release
  /** `handover.json`, metadata and targets. */
  readonly files: readonly HandoverFile[]
  /** Each object once, in the order of names. */
  readonly objects: readonly string[]
  /** Of the objects, as the index has them; files that the manifest names come on top. */
  readonly objectBytes: number
}

/**
 * @param serial null: the newest that is published.
 * @throws ConsoleError `not-found`; PublishError `repository-*`; what `openPackage` throws; PackageError `root-*`, `page-*`.
 */
export async function gatherHandover({
  repository: store,
  objects: objectStore,
  desktop,
  serial,
  openPackage,
}: {
  readonly repository: RepositoryStore
  readonly objects: ObjectStore
  readonly desktop: string
  readonly serial: number | null
  readonly openPackage: (named: { readonly name: string; readonly version: string }) => Promise<OpenPackage>
}): Promise<Handover> {
  const repository = await readRepository(store)
  const path = findRelease(repository, desktop, serial)
  const own = await readTarget(store, repository, path)
  const release = parseRelease(own.bytes)
  const named = [keyListPath('online'), release.package.path, ...release.layers.map((layer) => layer.path)]
  const targets = new Map([[own.name, own]])
  for (const wanted of named) {
    const file = await readTarget(store, repository, wanted)
    targets.set(file.name, file)
  }
  const names = new Map<string, number>()
  for await (const { name, storedLength } of neededObjects(await openPackage(packageOf(release)), objectStore)) names.set(name, storedLength ?? 0)
  const objects = [...names.keys()].sort()
  const head = formatHead({ desktop, serial: release.serial, release: path, package: release.package.sha256, objects })
  return {
    release,
    files: [{ name: headFile, bytes: head }, ...(await metadataOf(store, repository)), ...targets.values()],
    objects,
    objectBytes: [...names.values()].reduce((sum, bytes) => sum + bytes, 0),
  }
}

/** @throws PackageError `object-missing`, `object-altered` */
export async function readObject(store: ObjectStore, name: string): Promise<Uint8Array> {
  const bytes = await store.get(name, mostObjectBytes)
  if (bytes === null) throw new PackageError('object-missing', `object \`${name}\` is not in the store`, undefined, { object: name })
  const found = createHash('sha256').update(bytes).digest('hex')
  if (found === name) return bytes
  throw new PackageError('object-altered', `object \`${name}\`: its bytes have the SHA-256 \`${found}\``, undefined, { object: name })
}

function findRelease({ roles }: Repository, desktop: string, serial: number | null): string {
  const published = roles.get('releases')?.document.signed.targets ?? {}
  const serials = Object.keys(published).flatMap((path) => {
    const [, folder, file = ''] = path.split('/')
    return folder === desktop ? [Number.parseInt(file, 10)] : []
  })
  const wanted = serial ?? Math.max(0, ...serials)
  if (serials.includes(wanted)) return releasePath(desktop, wanted)
  throw new ConsoleError('not-found', `there is no published release${serial === null ? '' : ` ${serial}`} of a desktop \`${desktop}\``)
}

async function readTarget(store: RepositoryStore, { roles }: Repository, path: string): Promise<HandoverFile> {
  const sha256 = [...roles.values()].map(({ document }) => document.signed.targets[path]?.hashes.sha256).find((found) => found !== undefined)
  const name = targetFile(path, sha256 ?? '')
  const bytes = sha256 === undefined ? undefined : await store.read(name)
  if (bytes === undefined || sha256Of(bytes) !== sha256) throw new PublishError('repository-invalid', `\`${path}\` is not here as it was published`)
  return { name, bytes }
}

async function metadataOf(store: RepositoryStore, { root, timestamp, snapshot, roles }: Repository): Promise<readonly HandoverFile[]> {
  const files: HandoverFile[] = []
  for (let version = 1; version <= root.document.signed.version; version += 1) {
    const name = roleFile('root', version)
    const bytes = await store.read(name)
    if (bytes === undefined) throw new PublishError('repository-invalid', `expected \`${name}\`, found nothing`)
    files.push({ name, bytes })
  }
  for (const [role, { document, bytes }] of roles) files.push({ name: roleFile(role, document.signed.version), bytes })
  return [...files, { name: snapshotFile(snapshot.document.signed.version), bytes: snapshot.bytes }, { name: timestampFile, bytes: timestamp.bytes }]
}
