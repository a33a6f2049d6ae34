// SPDX-License-Identifier: Apache-2.0
//
// A guest that draws all of a screen of 1024x768 anew forty times a second, every pixel of it another, as a viewer has it over the WebSocket
// of the session: whole pictures a second, for five seconds each of five rounds, of each engine in turn. And how long it takes from a key
// that is pressed there to the picture that the guest draws at it, as the median of twenty. `core_fraction` is what the viewer costs, the
// larger of both engines: the processor time of the session host (filter and door) and of the VM's processes (its RFB server) for those
// seconds, less that of the VM's processes for as long without a viewer, in which the guest computes and draws the same. The viewer itself,
// which stands for the browser, is not counted. Aims: 30 pictures a second at under half a core.
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { descendants } from '../e2e/session-host/descendants.ts'
import { sealDisks } from '../e2e/session-host/make-release.ts'
import { makeWorld, removeWorld } from '../e2e/session-host/make-world.ts'
import { placesOf } from '../e2e/session-host/places.ts'
import type { RunningSession } from '../e2e/session-host/running-session.ts'
import { smallMachine } from '../e2e/session-host/small-machine.ts'
import { startSession, strictPlan } from '../e2e/session-host/start-session.ts'
import type { World } from '../e2e/session-host/world.ts'
import { buildPrograms } from '../tools/programs/build.ts'
import { changingDisk, screen } from './changing-screen.ts'
import { DisplayViewer } from './display-viewer.ts'
import { type Figures, inTurn, median } from './median.ts'
import { ticksOf, ticksPerSecond } from './processor-time.ts'

const rounds = 5
const partMs = 5000
const settleMs = 5000
const presses = 20
const drawsPerSecond = 40

export async function run(): Promise<Figures> {
  await buildPrograms()
  const world = await makeWorld('qemu')
  try {
    const costs: Readonly<Record<World['engine'], number[]>> = { qemu: [], v86: [] }
    const of = async (engine: World['engine']) => {
      const [drawing, waiting] = [
        await startGuest({ ...world, engine }, `${engine}-drawing`, { clock: drawsPerSecond }),
        await startGuest({ ...world, engine }, `${engine}-waiting`, 'keyboard'),
      ]
      await drawing.ask('pause')
      return { drawing, waiting }
    }
    const [qemu, v86] = [await of('qemu'), await of('v86')]
    const figures = await inTurn(rounds, {
      fps_qemu: () => framesOf(qemu.drawing, costs.qemu),
      fps_v86: () => framesOf(v86.drawing, costs.v86),
      latency_qemu_ms: () => latencyOf(qemu.waiting),
      latency_v86_ms: () => latencyOf(v86.waiting),
    })
    const [fractionQemu, fractionV86] = [median(costs.qemu), median(costs.v86)]
    return {
      medians: { ...figures, core_fraction_qemu: fractionQemu, core_fraction_v86: fractionV86 },
      ratios: { fps_v86: figures.fps_v86, fps_qemu: figures.fps_qemu, core_fraction: Math.max(fractionQemu, fractionV86) },
    }
  } finally {
    await removeWorld(world)
  }
}

async function startGuest(world: World, name: string, wakes: Parameters<typeof changingDisk>[0]): Promise<RunningSession> {
  const disks = placesOf(world.folder).disks(name)
  await mkdir(disks)
  await writeFile(join(disks, 'machine.yaml'), smallMachine)
  const image = join(disks, 'changing.img')
  await writeFile(image, changingDisk(wakes))
  const release = await sealDisks(world, name, ['--disk', `system=${image}`])
  const session = await startSession(world, name, release, { plan: strictPlan(world, release) })
  await session.until(({ state }) => state === 'running')
  await setTimeout(settleMs)
  return session
}

/** Whole pictures a second; the share of a core that they cost goes to `costs`. */
async function framesOf(session: RunningSession, costs: number[]): Promise<number> {
  await session.ask('resume')
  const alone = await spentBy(session, () => setTimeout(partMs))
  const viewer = await DisplayViewer.open(session.display)
  await setTimeout(1000)
  if (viewer.width !== screen.width || viewer.height !== screen.height) throw new Error(`the guest shows ${viewer.width}x${viewer.height}`)
  const before = viewer.drawnPixels
  const watched = await spentBy(session, () => setTimeout(partMs))
  const pictures = (viewer.drawnPixels - before) / (screen.width * screen.height)
  viewer.close()
  await session.ask('pause')
  costs.push(watched.host + watched.vm - alone.vm)
  process.stderr.write(`host ${watched.host.toPrecision(3)}, vm ${watched.vm.toPrecision(3)} (alone ${alone.vm.toPrecision(3)}) of a core\n`)
  return pictures / watched.seconds
}

/** From a key to the last of the picture that is drawn at it, milliseconds. */
async function latencyOf(session: RunningSession): Promise<number> {
  const viewer = await DisplayViewer.open(session.display)
  await setTimeout(1000)
  const took: number[] = []
  for (let press = 0; press < presses; press += 1) {
    const wanted = viewer.drawnPixels + screen.width * screen.height
    const begun = performance.now()
    viewer.key(press % 2 === 0)
    while (viewer.drawnPixels < wanted) await once(viewer, 'update')
    took.push(performance.now() - begun)
    // Not in step with whoever looks at the screen at times.
    await setTimeout(100 + 13 * press)
  }
  viewer.close()
  return median(took)
}

/** Shares of a core that the session host and the processes of its VM took while `act` ran. */
async function spentBy(session: RunningSession, act: () => Promise<unknown>): Promise<{ host: number; vm: number; seconds: number }> {
  const vms = await descendants(session.pid)
  const spent = async () => ({ host: await ticksOf(session.pid), vm: (await Promise.all(vms.map(ticksOf))).reduce((sum, ticks) => sum + ticks, 0) })
  const [before, begun] = [await spent(), performance.now()]
  await act()
  const [after, seconds] = [await spent(), (performance.now() - begun) / 1000]
  const share = (ticks: number) => ticks / (ticksPerSecond * seconds)
  return { host: share(after.host - before.host), vm: share(after.vm - before.vm), seconds }
}
