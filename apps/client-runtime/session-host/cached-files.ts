// SPDX-License-Identifier: Apache-2.0
//
// Objects that the manifest or the head of a warm state names, through the chunk cache. Only bytes that their name covers are taken from
// the cache or kept in it; others are fetched anew. Whoever reads them checks what came from the origin.
import { hash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { ChunkCache } from '@casemate/vm-package/chunk-cache'
import type { ObjectSource } from '@casemate/vm-package/object-store'
import type { EventLog } from './event-log.ts'

export function cachedFiles(origin: ObjectSource, cache: ChunkCache, events: EventLog): Pick<ObjectSource, 'get'> {
  const tell = (type: 'bad-cached-object' | 'cache-failed', object: string, error: unknown) =>
    events.add(type, { object, detail: error instanceof Error ? error.message : String(error) })
  const cached = async (name: string): Promise<Uint8Array | null> => {
    const path = cache.locate(name)
    if (path === null) return null
    try {
      const bytes = await readFile(path)
      const found = hash('sha256', bytes, 'hex')
      if (found === name) return bytes
      throw new Error(`its bytes have the SHA-256 \`${found}\``)
    } catch (error) {
      tell('bad-cached-object', name, error)
      // What cannot be removed is met again, and told again.
      await cache.discard(name).catch(() => cache.forget(name))
      return null
    }
  }
  return {
    get: async (name, maxBytes) => {
      const held = await cached(name)
      if (held !== null) return held
      const bytes = await origin.get(name, maxBytes)
      if (bytes !== null && hash('sha256', bytes, 'hex') === name)
        await cache.add(name, bytes).catch((error: unknown) => tell('cache-failed', name, error))
      return bytes
    },
  }
}
