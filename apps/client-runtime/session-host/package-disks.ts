// SPDX-License-Identifier: Apache-2.0
//
// The package's disks as verified read-only devices. What comes late holds the session, what is altered blocks it, and a cached
// object that had to be fetched again is journaled.
import type { ChunkCache } from '@casemate/vm-package/chunk-cache'
import { FetchAhead } from '@casemate/vm-package/fetch-ahead'
import type { Manifest } from '@casemate/vm-package/manifest'
import type { ObjectSource } from '@casemate/vm-package/object-store'
import { fetchPrefetchList, type PrefetchList } from '@casemate/vm-package/prefetch'
import { openPackageDisk, type PackageDisk, type PackageDiskEvent } from '@casemate/vm-package/read'
import type { SessionView } from '../local-api.ts'
import type { BootRecord } from './boot-record.ts'
import type { EventLog } from './event-log.ts'
import { fillRate } from './fill-rate.ts'
import type { DiskWatch } from './session.ts'

/** Of each disk. */
const SCRATCH_LIMIT = 1024 ** 3

export interface PackageDisks {
  readonly byName: ReadonlyMap<string, PackageDisk>
  /** Begins to bring the package here before it is read, until all is here or the signal fires. */
  fetchAhead(signal: AbortSignal): void
  content(): SessionView['content']
  close(): Promise<void>
}

export interface PackageSource {
  readonly manifest: Manifest
  readonly packageKey: Uint8Array
  readonly origin: ObjectSource
  readonly cache: ChunkCache
  readonly cacheFolder: string
  /** What the manifest names beside the disks, through the same cache. */
  readonly files: Pick<ObjectSource, 'get'>
  readonly watch: DiskWatch
  readonly events: EventLog
  readonly record: BootRecord | null
}

/** @throws PackageError as `openPackageDisk` and the stores */
export async function openPackageDisks(source: PackageSource): Promise<PackageDisks> {
  const onEvent = diskEvents(source.watch, source.events)
  const byName = new Map<string, PackageDisk>()
  let readAt = Number.NEGATIVE_INFINITY
  for (const [at, disk] of source.manifest.disks.entries()) {
    const scratch = { folder: source.cacheFolder, limitBytes: SCRATCH_LIMIT }
    const onRead = (offset: number) => {
      readAt = performance.now()
      source.record?.add(at, offset)
    }
    byName.set(
      disk.name,
      await openPackageDisk({ disk, packageKey: source.packageKey, origin: source.origin, cache: source.cache, scratch, onEvent, onRead }),
    )
  }
  let ahead: FetchAhead | null = null
  return {
    byName,
    fetchAhead: (signal) => {
      const fillBytesPerSecond = () => fillRate(performance.now() - readAt)
      void prefetchList(source).then((list) => {
        ahead = new FetchAhead({ disks: [...byName.values()], list, fillBytesPerSecond, signal })
        return ahead.run()
      })
    },
    content: () => (ahead === null ? null : { held: ahead.content.heldBytes, total: ahead.content.totalBytes }),
    close: async () => {
      for (const disk of byName.values()) await disk.close()
    },
  }
}

/** Without it everything is fetched in the order of the disks. */
async function prefetchList({ manifest, events, files }: PackageSource): Promise<PrefetchList | null> {
  if (manifest.prefetch === null) return null
  const { sha256 } = manifest.prefetch
  try {
    return await fetchPrefetchList(files, sha256)
  } catch (fault) {
    events.add('prefetch-failed', { object: sha256, detail: fault instanceof Error ? fault.message : String(fault) })
    return null
  }
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
