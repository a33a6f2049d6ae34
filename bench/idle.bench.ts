// SPDX-License-Identifier: Apache-2.0
//
// What a desktop costs that nobody uses: the processor time of its session host, which is the switch and the NBD server of its disks as
// well, and of its way out, while the guest halts at a prompt that nobody reads; five parts of a minute in a row, heartbeats included,
// of each engine in turn. The VM's own process is not counted. And the memory of a daemon, not enrolled, half a minute after its doors
// opened; aims: 0.01 of a core, 120 MB.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { descendants } from '../e2e/session-host/descendants.ts'
import { sealDisks } from '../e2e/session-host/make-release.ts'
import { makeWorld, removeWorld } from '../e2e/session-host/make-world.ts'
import { placesOf } from '../e2e/session-host/places.ts'
import type { RunningSession } from '../e2e/session-host/running-session.ts'
import { smallMachine } from '../e2e/session-host/small-machine.ts'
import { startSession, strictPlan } from '../e2e/session-host/start-session.ts'
import type { World } from '../e2e/session-host/world.ts'
import { walkingDisk } from '../packages/engine/test/boot-disk.ts'
import { buildPrograms } from '../tools/programs/build.ts'
import { daemonProgram } from '../tools/programs/daemon.ts'
import { type Figures, inTurn } from './median.ts'
import { ticksOf, ticksPerSecond } from './processor-time.ts'

const rounds = 5
/** Five of them are the minute. */
const partMs = 12_000
const settleMs = 15_000

export async function run(): Promise<Figures> {
  await buildPrograms()
  const daemon = await daemonMb()
  const world = await makeWorld('qemu')
  try {
    const [qemu, v86] = [await idleSession(world), await idleSession({ ...world, engine: 'v86' })]
    await setTimeout(settleMs)
    const figures = await inTurn(rounds, { qemu: () => fractionOf(qemu), v86: () => fractionOf(v86) })
    return {
      medians: { qemu_core_fraction: figures.qemu, v86_core_fraction: figures.v86, daemon_mb: daemon },
      ratios: { core_fraction: Math.max(figures.qemu, figures.v86), daemon_mb: daemon },
    }
  } finally {
    await removeWorld(world)
  }
}

/** Its guest reads one place of its disk and then halts, woken by the clock of its BIOS alone. */
async function idleSession(world: World): Promise<RunningSession> {
  const version = world.engine
  const disks = placesOf(world.folder).disks(version)
  await mkdir(disks)
  await writeFile(join(disks, 'machine.yaml'), smallMachine)
  const image = join(disks, 'idle.img')
  await writeFile(image, walkingDisk({ places: 1, filledBytes: 4096, ticks: 1, end: 'halt' }))
  const release = await sealDisks(world, version, ['--disk', `system=${image}`])
  const session = await startSession(world, world.engine, release, {
    plan: { ...strictPlan(world, release), network: { mode: 'listed', allow: [] } },
  })
  await session.until(({ state }) => state === 'running')
  return session
}

/** Of one core, over one part of the minute. */
async function fractionOf(session: RunningSession): Promise<number> {
  const own = [session.pid]
  for (const pid of await descendants(session.pid)) if (/^\d+ \(passt/.test(await statOf(pid))) own.push(pid)
  if (own.length === 1) throw new Error('the session has no way out')
  const spent = async () => (await Promise.all(own.map(ticksOf))).reduce((sum, ticks) => sum + ticks, 0)
  const [before, begun] = [await spent(), performance.now()]
  await setTimeout(partMs)
  return ((await spent()) - before) / ((ticksPerSecond * (performance.now() - begun)) / 1000)
}

const statOf = (pid: number): Promise<string> => readFile(`/proc/${pid}/stat`, 'utf8')

async function daemonMb(): Promise<number> {
  const data = await mkdtemp(join(tmpdir(), 'idle-'))
  const args = ['--disable-warning=ExperimentalWarning', await daemonProgram(), '--data', data, '--launcher-port', '0']
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    await once(createInterface(child.stdout), 'line')
    await setTimeout(2 * settleMs)
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8')
    return (Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024) / 1e6
  } finally {
    child.kill('SIGTERM')
    await once(child, 'exit')
    await rm(data, { recursive: true, force: true })
  }
}
