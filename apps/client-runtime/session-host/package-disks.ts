// SPDX-License-Identifier: Apache-2.0
//
// The package's disks as verified read-only devices. What comes late holds the session, what is altered blocks it, and a cached
// object that had to be fetched again is journaled.

import { type ChunkCache, openChunkCache } from '@casemate/vm-package/chunk-cache'
import type { Manifest } from '@casemate/vm-package/manifest'
import type { ObjectSource } from '@casemate/vm-package/object-store'
import { openPackageDisk, type PackageDisk, type PackageDiskEvent } from '@casemate/vm-package/read'
import type { EventLog } from './event-log.ts'
import type { DiskWatch } from './session.ts'

const CACHE_LIMIT = 20 * 1024 ** 3
/** Of each disk. */
const SCRATCH_LIMIT = 1024 ** 3

export interface PackageDisks {
  readonly byName: ReadonlyMap<string, PackageDisk>
  close(): Promise<void>
}

export interface PackageSource {
  readonly manifest: Manifest
  readonly packageKey: Uint8Array
  readonly origin: ObjectSource
  readonly cacheFolder: string
  readonly watch: DiskWatch
  readonly events: EventLog
}

/** @throws PackageError as `openPackageDisk` and the stores */
export async function openPackageDisks(source: PackageSource): Promise<PackageDisks> {
  const cache: ChunkCache = await openChunkCache({ folder: source.cacheFolder, limitBytes: CACHE_LIMIT, origin: source.origin })
  const onEvent = diskEvents(source.watch, source.events)
  const byName = new Map<string, PackageDisk>()
  for (const disk of source.manifest.disks) {
    const scratch = { folder: source.cacheFolder, limitBytes: SCRATCH_LIMIT }
    byName.set(disk.name, await openPackageDisk({ disk, packageKey: source.packageKey, origin: source.origin, cache, scratch, onEvent }))
  }
  const close = async () => {
    for (const disk of byName.values()) await disk.close()
  }
  return { byName, close }
}

function diskEvents(watch: DiskWatch, events: EventLog): (event: PackageDiskEvent) => void {
  const late = new Set<string>()
  return (event) => {
    if (event.type === 'scratch-failed') {
      events.add(event.type, { disk: event.disk, detail: event.error instanceof Error ? event.error.message : String(event.error) })
      return
    }
    const where = { disk: event.disk, object: event.object }
    switch (event.type) {
      case 'bad-cached-object':
      case 'cache-failed':
        events.add(event.type, { ...where, detail: event.error instanceof Error ? event.error.message : String(event.error) })
        break
      case 'chunk-late':
        late.add(event.object)
        events.add(event.type, where)
        watch.late(event.disk)
        break
      case 'chunk-arrived':
        late.delete(event.object)
        events.add(event.type, where)
        if (late.size === 0) watch.arrived()
        break
      case 'chunk-failed':
        late.delete(event.object)
        watch.failed(event.error)
        break
    }
  }
}
