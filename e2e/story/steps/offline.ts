// SPDX-License-Identifier: Apache-2.0
//
// What a computer does while its console is away, and with a state that is not its newest own.
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { desktopIsOver, passwordOption, startDesktop, stopDesktop } from '../desktop.ts'
import { DESKTOP } from '../organisation.ts'
import { OFFLINE } from '../rules.ts'
import { SERVERS } from '../story-network.ts'
import { expectEqual, type World } from '../world.ts'
import { oldStateOf } from './console.ts'
import { fetchInGuest } from './network.ts'

async function expectRefused(world: World, code: string, what: string): Promise<void> {
  const { reasons } = await world.device.refused('start', DESKTOP, ...(await passwordOption(world)))
  expectEqual(reasons[0]?.code, code, what)
}

/** A clock that was turned back is a refusal, without any network; with the clock right the same start succeeds. */
export async function clockBackRefused(world: World): Promise<void> {
  await stopDesktop(world, 'suspend')
  await world.organisation.stop()
  await world.device.setClock(-3600)
  await expectRefused(world, 'clock-behind', 'a start with the clock an hour back')
  await world.device.setClock(0)
  await startDesktop(world)
  await stopDesktop(world, 'suspend')
}

/** The device's own files of an earlier day, put back: what it has seen since then stands against them. */
export async function oldReleaseRefused(world: World): Promise<void> {
  const { device } = world
  const update = join(device.layout.update.metadata, '..')
  const newest = { lease: join(world.folder, 'newest-lease'), update: join(world.folder, 'newest-update') }
  await device.stop()
  await cp(device.layout.lease, newest.lease)
  await cp(update, newest.update, { recursive: true })
  await putBack(world, oldStateOf(world))
  await expectRefused(world, 'lease-older', 'a start from an older lease and release')
  await device.stop()
  await putBack(world, newest)
}

async function putBack({ device }: World, from: { readonly lease: string; readonly update: string }): Promise<void> {
  const update = join(device.layout.update.metadata, '..')
  await cp(from.lease, device.layout.lease)
  await rm(update, { recursive: true })
  await cp(from.update, update, { recursive: true })
  await device.start()
}

/** A lease that was made for another computer lets nothing run on this one; its own does. */
export async function foreignLeaseRefused(world: World): Promise<void> {
  const { device, other, folder } = world
  const own = join(folder, 'own-lease')
  await device.stop()
  await cp(device.layout.lease, own)
  await cp(other.layout.lease, device.layout.lease)
  await device.start()
  await expectRefused(world, 'lease-foreign', "a start from another computer's lease")
  await device.stop()
  await cp(own, device.layout.lease)
  await device.start()
  await startDesktop(world)
}

/** Without the console: warned, then without a network, then suspended, each at the lease's limit; back in contact it starts again. */
export async function offlineSteps(world: World): Promise<void> {
  const { device, organisation } = world
  const late = (minutes: number) => device.setClock((minutes + 1) * 60)
  expectEqual(await fetchInGuest(world, SERVERS.second), `reached ${SERVERS.second}`, 'the listed server before any limit')
  expectEqual((await device.instance(DESKTOP)).session?.warned, false, 'warned before any limit')

  await late(OFFLINE.warn)
  await device.until('warned', ({ instances }) => instances[0]?.session?.warned === true)
  expectEqual(await fetchInGuest(world, SERVERS.second), `reached ${SERVERS.second}`, 'the listed server after the warning')

  await late(OFFLINE.restrict)
  // The daemon's next word to the session host carries the time.
  const deadline = Date.now() + 30_000
  while ((await fetchInGuest(world, SERVERS.second)) !== 'nothing') if (Date.now() > deadline) throw new Error('the network was not cut')

  await late(OFFLINE.suspend)
  await desktopIsOver(world)
  await expectRefused(world, 'offline-too-long', 'a start after the limit')

  await organisation.start()
  await device.setClock(0)
  await device.until('in contact', ({ contact, clock }) => contact?.connected === true && !clock.behind, 90_000)
  await startDesktop(world)
}
