// SPDX-License-Identifier: Apache-2.0
//
// One process of a running desktop is killed at a drawn moment, while it starts or while its guest writes without end: the daemon, the
// session host, which is the switch and the server of its disks as well, both, a process of its VM, or its way out. Whoever lives on says
// a state that has a name and goes on or says why not; no process of the session is left in the end; and when it is started again, each
// write that the guest was told is durable is there.
import { setTimeout } from 'node:timers/promises'
import { killHard } from '../session-host/descendants.ts'
import type { Viewer } from '../story/viewer.ts'
import { lossesIn, type RingWords, readRing } from './ring-guest.ts'
import { limitMs, nameOf, type SoakedDevice } from './soaked-device.ts'

export const victims = ['daemon', 'session host', 'VM', 'way out', 'daemon and session host'] as const
export type Victim = (typeof victims)[number]

/** From the call, and from when the first write was durable. */
const longestMs = { starting: 2500, writing: 1500 } as const

/** @param soaked its desktop off @returns what happened, in words @throws Error when a write was lost or a state has no name */
export async function engineRound(soaked: SoakedDevice, victim: Victim, random: () => number): Promise<string> {
  // Neither is there from the beginning on.
  const moment = victim === 'VM' || victim === 'way out' || random() < 0.7 ? ('writing' as const) : ('starting' as const)
  const ms = Math.round(longestMs[moment] * random())
  const which = random()
  try {
    const state = await (moment === 'starting' ? killStarting(soaked, victim, ms) : killWriting(soaked, { victim, ms, which }))
    const last = soaked.durable
    const viewer = await begin(soaked)
    const { found } = await heard(soaked, viewer, ({ found: slots, flushed }) => slots !== null && flushed > last)
    await soaked.powerOff(viewer)
    const losses = lossesIn(found ?? [], last)
    if (found === null || losses.length > 0) throw new Error(losses.join('; '))
    return `${victim} killed ${ms} ms after ${moment} began, then ${state}; ${last} durable writes, ${Math.max(...found)} found`
  } finally {
    await soaked.end()
  }
}

/** Ends with the session over and none of its processes left. @returns how it stood after the kill */
async function killStarting(soaked: SoakedDevice, victim: Victim, ms: number): Promise<string> {
  const started = soaked.start()
  // Told where it is awaited.
  started.catch(() => undefined)
  await setTimeout(ms)
  if (victim === 'session host') {
    const [host] = await firstProcesses(soaked)
    if (host !== undefined) killHard(host)
  } else await killDaemon(soaked, victim)
  const said = await started
  if (victim !== 'session host') await soaked.device.start()
  const session = await soaked.until('settled', (one) => one?.open !== true || !['locked', 'preparing', 'ending'].includes(one.state))
  if (session?.open !== true) {
    await soaked.untilOver()
    return `${said}, and over`
  }
  const viewer = await soaked.viewer()
  await viewer.until(({ state }) => state === 'running', limitMs)
  await goesOn(soaked, viewer)
  await soaked.powerOff(viewer)
  return `${said}, and ${session.state}`
}

async function firstProcesses(soaked: SoakedDevice): Promise<readonly number[]> {
  for (const deadline = Date.now() + limitMs; ; await setTimeout(5)) {
    const found = await soaked.processes()
    if (found.length > 0 || Date.now() > deadline) return found
  }
}

interface Killing {
  readonly victim: Victim
  readonly ms: number
  /** Of several processes, as a fraction of them all. */
  readonly which: number
}

async function killWriting(soaked: SoakedDevice, { victim, ms, which }: Killing): Promise<string> {
  const viewer = await begin(soaked)
  await goesOn(soaked, viewer)
  for (const end = performance.now() + ms; performance.now() < end; await setTimeout(5)) await hear(soaked, viewer)
  const [host = 0, ...below] = await soaked.processes()
  switch (victim) {
    case 'daemon': {
      await killDaemon(soaked, victim)
      await goesOn(soaked, viewer)
      await soaked.device.start()
      const session = await soaked.until('running again', (one) => one?.open === true && one.state === 'running')
      await goesOn(soaked, viewer)
      await soaked.powerOff(viewer)
      return session?.state ?? ''
    }
    case 'session host':
      killHard(host)
      return `${(await soaked.untilOver())?.state}, and over`
    case 'daemon and session host':
      await killDaemon(soaked, victim)
      await soaked.device.start()
      return `${(await soaked.untilOver())?.state}, and over`
    case 'VM':
      return await killVm(soaked, viewer, await named(below, (name) => !wayOut.test(name)), which)
    case 'way out':
      return await killWayOut(soaked, viewer, await named(below, (name) => wayOut.test(name)))
  }
}

/** The session host right after it, where it is to go too. */
async function killDaemon(soaked: SoakedDevice, victim: Victim): Promise<void> {
  const [host] = await soaked.processes()
  await soaked.device.stop('SIGKILL')
  if (victim === 'daemon and session host' && host !== undefined) killHard(host)
}

const wayOut = /^passt(\.avx2)?$/

async function killVm(soaked: SoakedDevice, viewer: Viewer, processes: readonly number[], which: number): Promise<string> {
  const victim = processes[Math.floor(which * processes.length)]
  if (victim === undefined) throw new Error('the VM has no process')
  const name = await nameOf(victim)
  killHard(victim)
  const session = await soaked.until('blocked', (one) => one?.state === 'blocked')
  if (session?.blocked?.code !== 'vm-exited') throw new Error(`a VM without its \`${name}\` is blocked by ${JSON.stringify(session?.blocked)}`)
  // The session host lives and has heard all that the guest said.
  await hear(soaked, viewer)
  await soaked.powerOff(viewer)
  return `blocked (${session.blocked.code}, of its \`${name}\`)`
}

/** The VM goes on, and a new way out is made. */
async function killWayOut(soaked: SoakedDevice, viewer: Viewer, processes: readonly number[]): Promise<string> {
  if (processes.length === 0) throw new Error('the session has no way out')
  for (const pid of processes) killHard(pid)
  for (const deadline = Date.now() + limitMs; ; await setTimeout(50)) {
    const now = await named(await soaked.processes(), (name) => wayOut.test(name))
    if (now.some((pid) => !processes.includes(pid))) break
    if (Date.now() > deadline) throw new Error('no new way out was made')
  }
  await goesOn(soaked, viewer)
  const session = await soaked.session()
  if (session?.state !== 'running') throw new Error(`without its way out the session is \`${session?.state}\``)
  await soaked.powerOff(viewer)
  return session.state
}

async function named(processes: readonly number[], fits: (name: string) => boolean): Promise<readonly number[]> {
  const found = await Promise.all(processes.map(async (pid) => (fits(await nameOf(pid)) ? [pid] : [])))
  return found.flat()
}

async function begin(soaked: SoakedDevice): Promise<Viewer> {
  const said = await soaked.start()
  if (said !== 'started') throw new Error(`it cannot be started: \`${said}\``)
  return await soaked.viewer()
}

/** Its guest writes, later than now. */
async function goesOn(soaked: SoakedDevice, viewer: Viewer): Promise<void> {
  const last = soaked.durable
  await heard(soaked, viewer, ({ flushed }) => flushed > last)
}

async function hear(soaked: SoakedDevice, viewer: Viewer): Promise<RingWords> {
  const words = readRing(await viewer.serial())
  soaked.durable = Math.max(soaked.durable, words.flushed)
  return words
}

async function heard(soaked: SoakedDevice, viewer: Viewer, fits: (words: RingWords) => boolean): Promise<RingWords> {
  for (const deadline = Date.now() + limitMs; ; await setTimeout(10)) {
    const words = await hear(soaked, viewer)
    if (fits(words)) return words
    if (Date.now() > deadline)
      throw new Error(`the guest says no more than ${JSON.stringify(words)}; the session: ${JSON.stringify(await viewer.view())}`)
  }
}
