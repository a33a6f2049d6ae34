// SPDX-License-Identifier: Apache-2.0
//
// kill -9 of the daemon at moments that a fixed seed chooses, while it starts and while leases and journal lines come and go: what it had
// said stays true, the chain has no gap for the console, and it checks in again as one device and not as a copy of itself.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { writeEnrolmentCode } from '@casemate/policy/enrolment-code'
import { leaseFloors } from '@casemate/policy/lease'
import fc from 'fast-check'
import { expect, it, onTestFinished, vi } from 'vitest'
import { showDevice } from '../../console/src/devices/list.ts'
import { reinstateDevice, revokeDevice } from '../../console/src/devices/suspend.ts'
import { showReport } from '../../console/src/reports/show.ts'
import { newCode, operator, type World } from '../../console/test/console/world.ts'
import { KillableProcess } from '../../console/test/killable-process.ts'
import { callDaemon } from '../cli/call-daemon.ts'
import { CliError } from '../cli/error.ts'
import { layoutOf } from '../layout.ts'
import { realWorld } from './computer.ts'

const seed = 20_261_125
const entry = join(import.meta.dirname, 'killable-daemon.ts')
/** Milliseconds until the kill, from where the doors are open or from the start of the process. */
const [killings = []] = fc.sample(
  fc.tuple(
    fc.record({ from: fc.constant('open'), ms: fc.integer({ min: 100, max: 1500 }) }),
    fc.record({ from: fc.constant('start'), ms: fc.integer({ min: 300, max: 1500 }) }),
    fc.record({ from: fc.constant('open'), ms: fc.integer({ min: 100, max: 1500 }) }),
  ),
  { seed, numRuns: 1 },
)

class Daemon extends KillableProcess {
  readonly data: string
  /** The highest that it has said. */
  readonly seen = { lease: 0, journal: 0 }

  constructor(data: string) {
    super(['--disable-warning=ExperimentalWarning', entry, data])
    this.data = data
  }

  /** Nothing that it said before has become untrue. */
  async look(): Promise<void> {
    const { lease, journal, contact } = await callDaemon(this.data, 'status', {})
    expect(journal?.fault).toBeNull()
    const now = { lease: lease?.seq ?? 0, journal: journal?.seq ?? 0 }
    expect(now.lease).toBeGreaterThanOrEqual(this.seen.lease)
    expect(now.journal).toBeGreaterThanOrEqual(this.seen.journal)
    Object.assign(this.seen, now)
    if (contact?.fault) expect(contact.fault.code).toBe('console-unreachable')
  }

  async lookUntilGone(): Promise<void> {
    for (;;) {
      try {
        await this.look()
      } catch (error) {
        if (error instanceof CliError && error.code === 'daemon-not-running') return
        throw error
      }
      await setTimeout(5)
    }
  }
}

/** Revoked and reinstated in turn: each time a lease that the journal tells of. */
async function makeNews(world: World, device: string, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    await revokeDevice(operator, world.console, device, 'lost')
    await setTimeout(120)
    await reinstateDevice(operator, world.console, device)
    await setTimeout(120)
  }
}

it(`the daemon stays the same device with the same journal, whenever it is killed (seed ${seed})`, async () => {
  const world = await realWorld()
  const data = await mkdtemp(join(tmpdir(), 'casemate-killed-'))
  onTestFinished(() => rm(data, { recursive: true, force: true }))
  const daemon = new Daemon(data)
  await daemon.start()
  const { device } = await callDaemon(data, 'enrol', { code: writeEnrolmentCode(await newCode(world)) })
  await daemon.kill()
  const layout = layoutOf(data)
  const floor = async () => leaseFloors.parse(JSON.parse(await readFile(layout.leaseFloors, 'utf8'))).seq

  const first = await floor()
  let lowest = first
  for (const { from, ms } of killings) {
    const stop = new AbortController()
    const news = makeNews(world, device, stop.signal)
    let looking: Promise<void> | null = null
    if (from === 'open') {
      await daemon.start()
      looking = daemon.lookUntilGone()
    } else daemon.spawn()
    await setTimeout(ms)
    await daemon.kill()
    await looking
    stop.abort()
    await news
    const now = await floor()
    expect(now).toBeGreaterThanOrEqual(Math.max(lowest, daemon.seen.lease))
    lowest = now
  }

  await daemon.start()
  await revokeDevice(operator, world.console, device, 'lost')
  await vi.waitFor(async () => expect((await callDaemon(data, 'status', {})).lease).toMatchObject({ action: 'suspend' }), 60_000)
  await reinstateDevice(operator, world.console, device)
  await vi.waitFor(async () => {
    const { contact, lease, journal } = await callDaemon(data, 'status', {})
    expect(contact).toMatchObject({ connected: true, fault: null })
    expect(lease).toMatchObject({ action: 'run' })
    expect(journal).toMatchObject({ unreceipted: 0, fault: null })
  }, 60_000)
  await daemon.look()
  const report = await showReport(operator, world.console, device, 10_000)
  expect(report).toMatchObject({ verified: true, findings: [], fault: null })
  expect(report.entries.map(({ seq }) => seq)).toEqual(report.entries.map((_, index) => index + 1))
  expect(report.entries.length).toBeGreaterThanOrEqual(daemon.seen.journal)
  expect(report.entries.map(({ type }) => type)).toContain('lease-taken')
  expect(await floor()).toBeGreaterThan(first + killings.length)
  expect(await showDevice(operator, world.console, device)).toMatchObject({ state: 'active' })
})
