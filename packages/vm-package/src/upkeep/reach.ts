// SPDX-License-Identifier: Apache-2.0
//
// Every object that a package needs: what its manifest names, its root pages, their pages, their chunks, the pieces of its warm state.
// Roots, pages and the head of the warm state are read and verified for it; chunks and pieces are only named.
import { PackageError } from '../error.ts'
import { rootLength } from '../index/root.ts'
import type { Manifest, ManifestDisk } from '../manifest.ts'
import { openDiskIndex, pageLength } from '../read/disk-index.ts'
import { ObjectOpener } from '../read/object-opener.ts'
import { openingPool } from '../read/opening-pool.ts'
import type { ObjectSource } from '../store/object-store.ts'
import { fetchHead } from '../warm-state/head.ts'

export interface OpenPackage {
  readonly manifest: Manifest
  /** 32 bytes. */
  readonly packageKey: Uint8Array
}

export interface NeededObject {
  readonly name: string
  readonly kind: 'file' | 'piece' | 'root' | 'page' | 'chunk'
  /** Null where it belongs to no disk. */
  readonly disk: string | null
  /** In bytes; null where only the object itself says it. */
  readonly storedLength: number | null
}

/**
 * What can be said without a key: files that the manifest names, and roots. Each field of the manifest that is an object with a
 * `sha256` names a file.
 */
export function namedObjects(manifest: Manifest): readonly NeededObject[] {
  const files = Object.values(manifest).flatMap((value) => {
    return typeof value === 'object' && value !== null && 'sha256' in value
      ? [{ name: value.sha256, kind: 'file' as const, disk: null, storedLength: null }]
      : []
  })
  const roots = manifest.disks.map(({ name, root, size }) => ({ name: root, kind: 'root' as const, disk: name, storedLength: rootLength(size) }))
  return [...files, ...roots]
}

/**
 * Each object at least once; chunks that come again may be given again.
 * @param onFault told of a root, page or head of a warm state that cannot be read: what it names is left out then. Without it, the fault
 * is thrown.
 * @throws PackageError `root-missing`, `root-altered`, `page-missing`, `page-altered`, `warm-state-missing`, `warm-state-altered`,
 * `warm-state-invalid`; the reason of `signal`.
 */
export async function* neededObjects(
  { manifest, packageKey }: OpenPackage,
  store: ObjectSource,
  { onFault, signal }: { readonly onFault?: (object: NeededObject, fault: PackageError) => void; readonly signal?: AbortSignal } = {},
): AsyncGenerator<NeededObject> {
  yield* namedObjects(manifest)
  const { warmState, disks } = manifest
  if (warmState !== null) {
    const head = { name: warmState.sha256, kind: 'file' as const, disk: null, storedLength: null }
    const found = await unlessFaulty(head, onFault, () => fetchHead(store, warmState.sha256, packageKey, disks))
    for (const { name, storedLength } of found?.pieces ?? []) yield { name, kind: 'piece', disk: null, storedLength }
  }
  const named = new Set<string>()
  for (const disk of disks) {
    const opener = new ObjectOpener({ disk: disk.name, origin: store, cache: null, pool: openingPool(), onEvent: () => undefined })
    const root = { name: disk.root, kind: 'root' as const, disk: disk.name, storedLength: rootLength(disk.size) }
    const index = await unlessFaulty(root, onFault, () => openDiskIndex(opener, disk, packageKey))
    for (const [at, page] of (index?.pages ?? []).entries()) {
      signal?.throwIfAborted()
      // Regions that are equal share a page, whose chunks are the same.
      if (named.has(page.name)) continue
      named.add(page.name)
      const needed = { name: page.name, kind: 'page' as const, disk: disk.name, storedLength: page.storedLength }
      yield needed
      const runs = await unlessFaulty(needed, onFault, async () => await index?.region(at, () => opener.open('page', page, pageLength(page))))
      yield* chunksOf(disk, runs ?? [])
    }
  }
}

function* chunksOf({ name: disk }: ManifestDisk, runs: readonly { readonly object: { name: string; storedLength: number } | null }[]) {
  for (const { object } of runs) {
    if (object !== null) yield { name: object.name, kind: 'chunk' as const, disk, storedLength: object.storedLength }
  }
}

async function unlessFaulty<T>(
  object: NeededObject,
  onFault: ((object: NeededObject, fault: PackageError) => void) | undefined,
  read: () => Promise<T>,
): Promise<T | null> {
  try {
    return await read()
  } catch (error) {
    if (onFault === undefined || !(error instanceof PackageError)) throw error
    onFault(object, error)
    return null
  }
}
