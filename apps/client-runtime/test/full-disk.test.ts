// SPDX-License-Identifier: Apache-2.0
//
// The runtime's data folder on a disk that fills up: what cannot be written down does not happen and is refused by name, journal and lease
// stay what they were, and the same act succeeds once there is room, without a restart.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { writeEnrolmentCode } from '@casemate/policy/enrolment-code'
import { expect, it, onTestFinished, vi } from 'vitest'
import { reinstateDevice, revokeDevice } from '../../console/src/devices/suspend.ts'
import { showReport } from '../../console/src/reports/show.ts'
import { newCode, operator, publishDesktop } from '../../console/test/console/world.ts'
import { type SmallDisk, smallDisk } from '../../console/test/small-disk.ts'
import { layoutOf } from '../layout.ts'
import { Computer, realWorld } from './computer.ts'

const full = { blame: 'environment', code: 'storage-full', message: expect.stringContaining('make room') }

async function computerOnSmallDisk(): Promise<{ readonly computer: Computer; readonly disk: SmallDisk }> {
  const folder = await mkdtemp(join(tmpdir(), 'casemate-full-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const disk = await smallDisk(join(folder, 'small'), 8)
  return { computer: await Computer.fresh('scripted', join(folder, 'small')), disk }
}

const intact = { verified: true, findings: [], fault: null }

it('refuses to enrol by name, and enrols with the same code once there is room', async () => {
  const [world, { computer, disk }] = [await realWorld(), await computerOnSmallDisk()]
  const code = writeEnrolmentCode(await newCode(world))
  for (const free of [0, 8192, 24_576]) {
    await disk.fill(free)
    await expect(computer.call('enrol', { code })).rejects.toMatchObject({ code: expect.stringMatching(/^storage-/) })
    expect(await computer.call('status', {})).toMatchObject({ enrolment: null })
    await disk.empty()
  }
  await expect(computer.call('enrol', { code })).resolves.toMatchObject({ organisation: 'acme' })
})

it('refuses to start by name, keeps its lease, and starts and checks in once there is room', async () => {
  const [world, { computer, disk }] = [await realWorld(), await computerOnSmallDisk()]
  await publishDesktop(world)
  const device = await computer.enrol(world)
  await computer.call('activate', { desktop: 'office', presented: null, password: null })
  const layout = layoutOf(computer.data)
  await vi.waitFor(
    async () => expect(await computer.call('status', {})).toMatchObject({ contact: { fault: null }, journal: { unreceipted: 0 } }),
    20_000,
  )
  await disk.fill()
  const before = await readFile(layout.lease)
  const start = () => computer.call('start', { instance: 'office', password: null })
  await expect(start()).rejects.toMatchObject(full)
  await expect(start()).rejects.toMatchObject(full)
  expect(computer.hosts).toEqual([])
  await revokeDevice(operator, world.console, device, 'lost')
  await vi.waitFor(async () => {
    const { contact, lease, journal } = await computer.call('status', {})
    expect(contact).toMatchObject({ connected: false, fault: { code: 'storage-full' } })
    expect([lease?.action, journal?.fault]).toEqual(['run', null])
  }, 60_000)
  expect(await readFile(layout.lease)).toEqual(before)
  await reinstateDevice(operator, world.console, device)

  disk.grow(64)
  await expect(start()).resolves.toMatchObject({ session: { open: true } })
  await vi.waitFor(async () => {
    expect(await computer.call('status', {})).toMatchObject({ contact: { connected: true, fault: null }, lease: { action: 'run' } })
    const report = await showReport(operator, world.console, device, 50)
    expect(report).toMatchObject(intact)
    expect(report.entries.filter(({ type }) => type === 'decided')).toHaveLength(1)
  }, 60_000)
})

it('keeps a session whose events cannot be written down, tells of each once there is room, and ends on a full disk', async () => {
  const [world, { computer, disk }] = [await realWorld(), await computerOnSmallDisk()]
  await publishDesktop(world)
  const device = await computer.enrol(world)
  const host = await computer.running()
  const phases = ['one', 'two', 'three']
  await disk.fill()
  for (const phase of phases) host.add('deadline', { phase })
  // Long enough for more tries than a host that is gone would be given.
  await setTimeout(700)
  expect(await computer.call('status', {})).toMatchObject({ journal: { fault: null }, instances: [{ session: { open: true } }] })
  disk.grow(16)
  const told = async () =>
    (await showReport(operator, world.console, device, 100)).entries.flatMap((entry) =>
      entry.type === 'observed' ? [entry.data.fields.deadline] : [],
    )
  await vi.waitFor(async () => expect(await told()).toEqual(phases), 60_000)

  await disk.fill()
  await computer.stop()
  disk.grow(64)
  await computer.start()
  await vi.waitFor(async () => {
    expect(await computer.call('status', {})).toMatchObject({ contact: { connected: true }, instances: [{ session: { open: true } }] })
    expect(await showReport(operator, world.console, device, 0)).toMatchObject(intact)
  }, 60_000)
})
