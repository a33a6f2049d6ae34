// SPDX-License-Identifier: Apache-2.0
//
// What all rounds of a soak stand on: an organisation's key, an image to seal and what it comes to when nobody kills the seal, and a
// package of the ring guest to run. The same bytes for the same seed, but for keys.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ADMIN, sealArguments, sealDisks } from '../session-host/make-release.ts'
import { makeWorld } from '../session-host/make-world.ts'
import { placesOf } from '../session-host/places.ts'
import { smallMachine } from '../session-host/small-machine.ts'
import type { SealedRelease, World } from '../session-host/world.ts'
import { runOk } from '../story/run-command.ts'
import { type RingSlot, ringDisk } from './ring-guest.ts'
import { mixedImage } from './seeded.ts'
import { objectNames } from './whole-objects.ts'

/** Stored in more than one batch (`folder-intake.ts`), so that some objects have their names before the end. */
const imageMebibytes = 96
export const guestMebibytes = 12

export interface Ground {
  readonly seed: number
  readonly folder: string
  /** To be sealed. */
  readonly image: string
  /** Of a seal of it that nobody kills. */
  readonly whole: { readonly objects: ReadonlySet<string>; readonly ms: number }
  /** The ring guest, sealed. */
  readonly guest: SealedRelease
  readonly worlds: Readonly<Record<World['engine'], World>>
}

/** @param folder empty */
export async function prepareGround(seed: number, folder: string): Promise<Ground> {
  const qemu = await makeWorld('qemu', folder)
  const v86: World = { ...qemu, engine: 'v86', open: new Set() }
  const guest = await sealRingGuest(seed, qemu)

  const image = join(folder, 'image.raw')
  await writeFile(image, mixedImage(seed, imageMebibytes))
  const whole = join(folder, 'whole')
  const began = performance.now()
  await runOk(ADMIN, sealImage(folder, image, whole, join(folder, 'whole-sealed')))
  const ms = performance.now() - began
  return { seed, folder, image, whole: { objects: await objectNames(whole), ms }, guest, worlds: { qemu, v86 } }
}

/** @param slot as `ringDisk` takes it */
export async function sealRingGuest(seed: number, world: World, slot?: RingSlot): Promise<SealedRelease> {
  const disks = placesOf(world.folder).disks('guest')
  await mkdir(disks)
  await writeFile(join(disks, 'machine.yaml'), smallMachine)
  const image = join(disks, 'ring.img')
  await writeFile(image, ringDisk(seed, guestMebibytes, slot))
  return await sealDisks(world, 'guest', ['--disk', `system=${image}`])
}

/** Arguments of the administrator's CLI. */
export function sealImage(folder: string, image: string, store: string, out: string): readonly string[] {
  const own = ['--disk', `system=${image}`, '--store', store, '--out', out, '--json']
  return [...sealArguments(folder, 'guest'), ...own]
}
