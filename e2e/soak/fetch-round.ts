// SPDX-License-Identifier: Apache-2.0
//
// A session host is killed while it brings its package to the device: what the cache has is whole, what the session said it holds is
// held, and the next session keeps that and brings the rest.
import { setTimeout } from 'node:timers/promises'
import { layoutOf } from '../../apps/client-runtime/layout.ts'
import { placesOf } from '../session-host/places.ts'
import { startSession } from '../session-host/start-session.ts'
import type { World } from '../session-host/world.ts'
import type { Ground } from './ground.ts'
import { wholeObjects } from './whole-objects.ts'

/** From when the doors are open, or from when something is held: then the whole package takes about as long. */
const longestMs = 2500

/** @param device fresh @returns what happened, in words @throws Error when something was lost */
export async function fetchRound(ground: Ground, device: string, random: () => number): Promise<string> {
  const engine: World['engine'] = random() < 0.5 ? 'qemu' : 'v86'
  const world = ground.worlds[engine]
  const cache = layoutOf(placesOf(ground.folder).data(device)).objectCache
  const from = random() < 0.3 ? ('its doors were open' as const) : ('it held something' as const)
  const ms = Math.round(longestMs * random())

  const first = await startSession(world, device, ground.guest)
  if (from === 'it held something') await first.until(({ content }) => content !== null && content.held > 0)
  let held = 0
  for (const end = performance.now() + ms; performance.now() < end; await setTimeout(5)) held = (await first.view()).content?.held ?? held
  await first.kill()
  const kept = await wholeObjects(cache)
  if (kept.bytes < held) throw new Error(`the session held ${held} bytes, and the cache has ${kept.bytes}`)

  const again = await startSession(world, device, ground.guest)
  await again.until(({ content }) => content !== null && content.total !== null && content.held === content.total)
  await again.ask('power-off')
  await again.exited
  const { names } = await wholeObjects(cache)
  const gone = [...kept.names].filter((name) => !names.has(name))
  if (gone.length > 0) throw new Error(`${gone.length} objects were there after the kill and are gone`)
  return `session host on ${engine} killed ${ms} ms after ${from} with ${kept.names.size} of ${names.size} objects, ${held} bytes told to be held`
}
