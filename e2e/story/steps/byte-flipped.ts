// SPDX-License-Identifier: Apache-2.0
import { cp, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { layoutOf } from '../../../apps/client-runtime/layout.ts'
import { flipByte } from '../flip-byte.ts'
import { placesOf } from '../places.ts'
import { BOOT_LIMIT_MS, PROMPT, startSession, watchScreen } from '../start-session.ts'
import { expectEqual, need, type World } from '../world.ts'

/** Every object of the device's cache that the first boot fetched, oldest first: the guest needs each of them to boot. */
async function cachedObjects(folder: string): Promise<readonly string[]> {
  const entries = (await readdir(folder, { recursive: true, withFileTypes: true })).filter(
    (entry) => entry.isFile() && /^[0-9a-f]{64}$/.test(entry.name),
  )
  const aged = await Promise.all(
    entries.map(async (entry) => ({ path: join(entry.parentPath, entry.name), at: (await stat(join(entry.parentPath, entry.name))).mtimeMs })),
  )
  return aged.sort((a, b) => a.at - b.at).map(({ path }) => path)
}

/**
 * An object altered in the cache is fetched again where the store is intact, and the guest boots; where the store's copy is
 * altered too, the session blocks by name and the guest's screen never shows a prompt.
 */
export async function byteFlipped(world: World): Promise<void> {
  const release = need(world.release1, 'release')
  const places = placesOf(world.folder)
  const cache = layoutOf(places.data('device')).objectCache
  const objects = await cachedObjects(cache)
  // Beyond root page, index page and boot sector: a chunk that the running guest reads.
  const victim = need(objects[Math.floor(objects.length / 2)], 'cached object')
  const name = victim.slice(-64)

  for (const device of ['healed', 'refused'])
    await cp(cache, layoutOf(places.data(device)).objectCache, { recursive: true, preserveTimestamps: true })
  const copyOf = (device: string) => join(layoutOf(places.data(device)).objectCache, victim.slice(cache.length))
  const alteredStore = join(world.folder, 'altered-store')
  await cp(places.store, alteredStore, { recursive: true })

  await flipByte(copyOf('healed'))
  const healed = await startSession(world, 'healed', release)
  const screen = await watchScreen(await running(healed))
  await screen.waitForText(PROMPT, BOOT_LIMIT_MS)
  const refetched = (await healed.events()).filter((event) => event.type === 'bad-cached-object' && event.data.object === name)
  expectEqual(refetched.length, 1, 'events for the re-fetched object')
  screen.close()
  await healed.ask('power-off')
  await healed.exited

  await flipByte(copyOf('refused'))
  const inStore = need(
    (await readdir(alteredStore, { recursive: true })).find((path) => path.endsWith(name)),
    'object in the store',
  )
  await flipByte(join(alteredStore, inStore))
  const refused = await startSession(world, 'refused', release, { origin: alteredStore })
  const view = await refused.until((seen) => seen.state === 'blocked', BOOT_LIMIT_MS)
  expectEqual(view.reason?.code, 'chunk-altered', 'reason')
  if (!view.reason?.detail.includes(name)) throw new Error(`the reason does not name the object: ${view.reason?.detail}`)
  await refused.ask('power-off')
  await refused.exited
}

async function running<T extends { until(fits: (view: { state: string }) => boolean): Promise<unknown> }>(session: T): Promise<T> {
  await session.until((view) => view.state === 'running')
  return session
}
