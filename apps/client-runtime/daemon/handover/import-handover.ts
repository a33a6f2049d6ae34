// SPDX-License-Identifier: Apache-2.0
//
// Takes a release out of a file instead of from the console, each step before the next: the file whole and every object what its name
// says; the release not older than the lease has seen; metadata and documents verified by the update client as if the console had
// served them; the package's objects all there. What fails changes nothing, unless it is that metadata and documents were verified before.
import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { openPackageKey } from '@casemate/policy/package-key'
import { parseRelease, type Release } from '@casemate/policy/release'
import { type Handover, readHandover } from '@casemate/vm-package/handover'
import { type HandoverFiles, openHandover } from '@casemate/vm-package/handover-files'
import type { HandoverHead } from '@casemate/vm-package/handover-head'
import { incomplete, invalid } from '@casemate/vm-package/handover-refusal'
import { type Manifest, openManifest } from '@casemate/vm-package/manifest'
import type { ObjectStore } from '@casemate/vm-package/object-store'
import { namedObjects, neededObjects } from '@casemate/vm-package/reach'
import type { Device } from '../device.ts'
import { RuntimeError } from '../error.ts'
import { UpdateError, type UpdateErrorCode } from '../update/error.ts'
import type { FetchFile } from '../update/fetch-file.ts'
import { readVerified } from '../update/verified-copy.ts'
import type { Imports } from './imports.ts'

export interface Imported {
  readonly desktop: string
  readonly serial: number
  readonly objects: number
  /** False: the file's metadata is older than this device's, or has expired; the documents were here already, as approved. */
  readonly metadataTaken: boolean
}

/** What metadata is refused for that was right once. */
const old: ReadonlySet<UpdateErrorCode> = new Set(['clock-differs', 'metadata-expired', 'rollback'])

/** What must stay free on the disk. */
const spareBytes = 67_108_864

/**
 * @param path absolute; of the file, or of the folder with its parts.
 * @param alone runs an act while no contact with the console is under way.
 * @throws RuntimeError `handover-older`, `disk-full`; PackageError `handover-*`, `object-altered`, `store-unwritable`; UpdateError of the metadata.
 */
export async function importHandover(
  device: Device,
  imports: Imports,
  path: string,
  alone: <T>(act: () => Promise<T>) => Promise<T>,
): Promise<Imported> {
  const files = await openHandover(path)
  await checkRoom(files, dirname(device.layout.imports))
  const store = await imports.begin()
  try {
    const handover = await readHandover(files, async () => store)
    const { desktop, serial, package: sha256 } = handover.head
    const floor = device.leases.floors.serials[desktop] ?? 0
    if (serial < floor) throw new RuntimeError('handover-older', `expected release ${floor} of \`${desktop}\` or a later one, found ${serial}`)
    const metadataTaken = await alone(() => takeDocuments(device, handover))
    const release = parseRelease(await readVerified(device.documents.place, handover.head.release))
    if (release.desktop !== desktop || release.serial !== serial || release.package.sha256 !== sha256) {
      throw invalid('its `handover.json` speaks of another release than the approved one')
    }
    await checkWhole(device, release, handover, store)
    await imports.keep(store, { desktop, serial, package: sha256 })
    await device.journal.append({ type: 'imported', data: { desktop, serial, sha256 } })
    return { desktop, serial, objects: handover.objects.size, metadataTaken }
  } finally {
    await imports.discard()
  }
}

async function checkRoom({ bytes }: HandoverFiles, folder: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  if (bavail * bsize >= bytes + spareBytes) return
  throw new RuntimeError('disk-full', `expected ${bytes + spareBytes} free bytes, found ${bavail * bsize}: make room first`)
}

/** @returns whether the file's metadata was taken. @throws UpdateError */
async function takeDocuments({ documents, leases }: Device, { head, files }: Handover<ObjectStore>): Promise<boolean> {
  try {
    await documents.takeFrom(serve(files), head.release, leases.lease)
    return true
  } catch (error) {
    // An old file may still bring the bytes of what this device itself has verified as approved.
    if (error instanceof UpdateError && old.has(error.code) && (await documents.holds(head.release, leases.lease))) return false
    throw error
  }
}

function serve(files: ReadonlyMap<string, Uint8Array>): FetchFile {
  return async (url) => {
    const bytes = files.get(decodeURIComponent(new URL(url).pathname.slice(1)))
    return bytes === undefined ? { status: 404, body: null } : { status: 200, body: Readable.toWeb(Readable.from([bytes])) }
  }
}

/** With the package's key, which comes with the activation, down to the last chunk; without, what the manifest names. */
async function checkWhole(device: Device, release: Release, { head, objects }: Handover<ObjectStore>, store: ObjectStore): Promise<void> {
  const manifest = openManifest(await readVerified(device.documents.place, release.package.path), release.package.sha256)
  for await (const { name } of await neededBy(device, manifest, head, store)) {
    if (!objects.has(name)) throw incomplete(`the object \`${name}\` of its package is missing`)
  }
}

async function neededBy({ leases, key }: Device, manifest: Manifest, { release, package: sha256 }: HandoverHead, store: ObjectStore) {
  const wrapped = leases.lease?.assign.find((assigned) => assigned.path === release)?.key ?? null
  if (wrapped === null) return namedObjects(manifest)
  const { key: packageKey } = await openPackageKey(wrapped, key, sha256)
  return neededObjects({ manifest, packageKey }, store)
}
