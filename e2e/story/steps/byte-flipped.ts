// SPDX-License-Identifier: Apache-2.0
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { BOOT_LIMIT_MS, PROMPT, passwordOption, startDesktop, stopDesktop } from '../desktop.ts'
import { flipByte, restoreByte } from '../flip-byte.ts'
import { DESKTOP } from '../organisation.ts'
import { expectEqual, need, type World, waitUntil } from '../world.ts'
import { reportOf } from './reported.ts'

/** Every object of the device's cache, oldest first: the first ones are those that the guest needs to boot. */
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
 * An object altered in the cache is fetched again where the store is intact, and the guest boots; where the store's copy is altered too,
 * the session blocks by name and the guest never sees it; with the store intact again it boots.
 */
export async function byteFlipped(world: World): Promise<void> {
  const { device, organisation } = world
  await stopDesktop(world, 'power-off')
  const objects = await cachedObjects(device.layout.objectCache)
  // Beyond root page, index page and boot sector: a chunk that the booting guest reads.
  const victim = need(objects[Math.floor(objects.length / 3)], 'cached object')
  const name = victim.slice(-64)

  await flipByte(victim)
  await (await startDesktop(world)).waitForText(PROMPT, BOOT_LIMIT_MS)
  await waitUntil('the journal tells of the object that was fetched again', async () => {
    const { entries } = await reportOf(world)
    return entries.some(({ type, data }) => type === 'package-altered' && data.object === name && data.repaired === true)
  })
  await stopDesktop(world, 'power-off')

  await flipByte(victim)
  const stored = (await readdir(organisation.layout.objects, { recursive: true })).find((path) => path.endsWith(name))
  const flipped = await flipByte(join(organisation.layout.objects, need(stored, 'object in the store')))
  await device.run('start', DESKTOP, ...(await passwordOption(world)))
  const status = await device.until('blocked', ({ instances }) => instances[0]?.session?.state === 'blocked', BOOT_LIMIT_MS)
  const blocked = status.instances[0]?.session?.blocked
  expectEqual(blocked?.code, 'chunk-altered', 'reason')
  if (!blocked?.detail.includes(name)) throw new Error(`the reason does not name the object: ${blocked?.detail}`)
  await stopDesktop(world, 'power-off')

  await restoreByte(flipped)
  await (await startDesktop(world)).waitForText(PROMPT, BOOT_LIMIT_MS)
}
