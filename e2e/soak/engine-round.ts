// SPDX-License-Identifier: Apache-2.0
//
// One process of a session is killed at a drawn moment, while it starts or while its guest writes without end: who started it, its
// host, which is the switch and the server of its disks as well, a process of its VM, or its way out. Whoever lives on says a state that
// has a name and goes on or says why not; no process of it is left in the end; and when it is started again, each write that the guest
// was told is durable is there.
import { setTimeout } from 'node:timers/promises'
import type { SessionStart } from '../../apps/client-runtime/daemon/sessions/start-session-host.ts'
import { killHard } from '../session-host/descendants.ts'
import type { Viewer } from '../story/viewer.ts'
import { lossesIn, type RingWords, readRing } from './ring-guest.ts'
import { nameOf, StartedSession } from './started-session.ts'

export const victims = ['starter', 'session host', 'VM', 'way out'] as const
export type Victim = (typeof victims)[number]

const limitMs = 90_000
/** From the call, and from when the first write was durable. */
const longestMs = { starting: 2500, writing: 1500 } as const

/** @param newStart of the next session of the same instance @returns what happened, in words @throws Error when a write was lost or a state has no name */
export async function engineRound(newStart: () => SessionStart, victim: Victim, random: () => number): Promise<string> {
  // Neither is there from the beginning on.
  const moment = victim === 'VM' || victim === 'way out' || random() < 0.7 ? ('writing' as const) : ('starting' as const)
  const ms = Math.round(longestMs[moment] * random())
  const which = random()

  const first = new StartedSession(newStart())
  const { flushed, state } = await ending(first, () => kill(first, { victim, moment, ms, which }))
  const again = new StartedSession(newStart())
  return await ending(again, async () => {
    const viewer = await again.ready
    const { found } = await heard(viewer, ({ found: slots, flushed: last }) => slots !== null && last > flushed)
    await again.processes()
    await powerOff(viewer)
    await again.untilGone()
    const losses = lossesIn(found ?? [], flushed)
    if (found === null || losses.length > 0) throw new Error(losses.join('; '))
    return `${victim} killed ${ms} ms after ${moment} began, then ${state}; ${flushed} durable writes, ${Math.max(...found)} found`
  })
}

async function ending<Result>(session: StartedSession, act: () => Promise<Result>): Promise<Result> {
  try {
    return await act()
  } finally {
    await session.end()
  }
}

interface Killing {
  readonly victim: Victim
  readonly moment: 'starting' | 'writing'
  readonly ms: number
  /** Of several processes, as a fraction of them all. */
  readonly which: number
}

/** What was durable at the end, and how the session stood after the kill. */
type Outcome = { readonly flushed: number; readonly state: string }

/** Ends with the session over and none of its processes left. */
async function kill(session: StartedSession, killing: Killing): Promise<Outcome> {
  if (killing.moment === 'starting') {
    await setTimeout(killing.ms)
    const [host] = await session.processes()
    if (killing.victim === 'session host' && host !== undefined) return await hostKilled(session, host, 0)
    return await starterKilled(session, 0)
  }
  const viewer = await session.ready
  let { flushed } = await heard(viewer, (words) => words.flushed > 0)
  for (const end = performance.now() + killing.ms; performance.now() < end; await setTimeout(5)) flushed = readRing(await viewer.serial()).flushed
  const [host = 0, ...below] = await session.processes()
  switch (killing.victim) {
    case 'starter':
      return await starterKilled(session, flushed)
    case 'session host':
      return await hostKilled(session, host, flushed)
    case 'VM':
      return await vmKilled(session, viewer, await named(below, (name) => !wayOut.test(name)), killing.which)
    case 'way out':
      return await wayOutKilled(session, viewer, await named(below, (name) => wayOut.test(name)), flushed)
  }
}

const wayOut = /^passt(\.avx2)?$/

async function hostKilled(session: StartedSession, host: number, flushed: number): Promise<Outcome> {
  killHard(host)
  await session.untilGone()
  return { flushed, state: 'gone' }
}

/** A host that was told all goes on without whoever started it. */
async function starterKilled(session: StartedSession, flushed: number): Promise<Outcome> {
  session.starter.kill('SIGKILL')
  const viewer = await session.orphan()
  if (viewer === null) return { flushed, state: 'not started' }
  const { state } = await viewer.until((view) => view.state !== 'locked' && view.state !== 'preparing', limitMs)
  const last = await heard(viewer, (words) => words.flushed > flushed)
  await session.processes()
  await powerOff(viewer)
  await session.untilGone()
  return { flushed: last.flushed, state }
}

async function vmKilled(session: StartedSession, viewer: Viewer, processes: readonly number[], which: number): Promise<Outcome> {
  const victim = processes[Math.floor(which * processes.length)]
  if (victim === undefined) throw new Error('the VM has no process')
  const name = await nameOf(victim)
  killHard(victim)
  const { reason } = await viewer.until((view) => view.state === 'blocked', limitMs)
  if (reason?.code !== 'vm-exited' || reason.sentence === '') throw new Error(`a VM without its \`${name}\` is blocked by ${JSON.stringify(reason)}`)
  // The session host lives and has heard all that the guest said.
  const { flushed } = readRing(await viewer.serial())
  await powerOff(viewer)
  await session.untilGone()
  return { flushed, state: `blocked (${reason.code}, of its \`${name}\`)` }
}

/** The VM goes on, and a new way out is made. */
async function wayOutKilled(session: StartedSession, viewer: Viewer, processes: readonly number[], flushed: number): Promise<Outcome> {
  if (processes.length === 0) throw new Error('the session has no way out')
  for (const pid of processes) killHard(pid)
  for (const deadline = Date.now() + limitMs; ; await setTimeout(50)) {
    const now = await named(await session.processes(), (name) => wayOut.test(name))
    if (now.some((pid) => !processes.includes(pid))) break
    if (Date.now() > deadline) throw new Error('no new way out was made')
  }
  const last = await heard(viewer, (words) => words.flushed > flushed)
  const { state } = await viewer.view()
  if (state !== 'running') throw new Error(`without its way out the session is \`${state}\``)
  await powerOff(viewer)
  await session.untilGone()
  return { flushed: last.flushed, state }
}

async function named(processes: readonly number[], fits: (name: string) => boolean): Promise<readonly number[]> {
  const found = await Promise.all(processes.map(async (pid) => (fits(await nameOf(pid)) ? [pid] : [])))
  return found.flat()
}

async function heard(viewer: Viewer, fits: (words: RingWords) => boolean): Promise<RingWords> {
  for (const deadline = Date.now() + limitMs; ; await setTimeout(10)) {
    const words = readRing(await viewer.serial())
    if (fits(words)) return words
    if (Date.now() > deadline)
      throw new Error(`the guest says no more than ${JSON.stringify(words)}; the session: ${JSON.stringify(await viewer.view())}`)
  }
}

const powerOff = (viewer: Viewer): Promise<void> => viewer.ask('power-off')
