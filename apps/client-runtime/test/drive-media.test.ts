// SPDX-License-Identifier: Apache-2.0
//
// Media that go in while a plan takes their drive away: the last plan holds, whatever is under way.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createFakeBackend } from '@casemate/engine/fake'
import { closedPlan, type LaunchPlan, launchPlan } from '@casemate/policy/launch-plan'
import { expect, it, onTestFinished } from 'vitest'
import { layoutOf } from '../layout.ts'
import { DriveMedia } from '../session-host/drive-media.ts'
import { EventLog } from '../session-host/event-log.ts'
import { Session } from '../session-host/session.ts'
import { Snapshots } from '../session-host/snapshots/snapshots.ts'
import { Watermarks } from '../session-host/watermarks.ts'

const plan: LaunchPlan = launchPlan.parse({
  ...closedPlan,
  ...{ session: 's1', instance: 'i1', desktop: 'demo', engine: 'qemu', memoryMiB: 64 },
  package: { name: 'demo', version: '1', sha256: '0'.repeat(64) },
  drives: { cd: 'image', floppy: 'none' },
})

/** A session whose machine takes a medium only once `letIn` is called. */
async function slowDrive() {
  const folder = await mkdtemp(join(tmpdir(), 'drive-'))
  const disc = join(folder, 'disc.iso')
  await writeFile(disc, Buffer.alloc(2048))
  const [gate, done] = [Promise.withResolvers<void>(), [] as string[]]
  const devices = {
    insert: async () => {
      await gate.promise
      done.push('in')
    },
    eject: async () => void done.push('out'),
  }
  const media = new DriveMedia(devices, ['cd'], folder)
  const vm = await createFakeBackend().open({
    ...{ name: 's1', firmware: 'bios', chipset: 'i440fx', cpus: 1, memoryMiB: 64, disks: [], video: 'std', serial: 'none', network: 'none' },
    runtimeFolder: folder,
  })
  const launched = {
    ...{
      vm,
      media,
      guest: null,
      usb: null,
      growth: null,
      services: null,
      network: null,
      content: () => null,
      settled: async () => undefined,
      release: () => media.close(),
    },
    opened: { package: plan.package.sha256, engine: plan.engine, memoryMiB: 64, serial: 'none' as const },
    stateFile: { path: join(folder, 'state'), key: new Uint8Array(32), binding: 'i1' },
    snapshots: new Snapshots(
      { plan, layout: layoutOf(folder).instance('i1'), instanceKey: new Uint8Array(32) },
      { disks: [], hardware: { firmware: 'bios' } },
      new Watermarks({ device: 'd1', user: null }),
      async () => undefined,
    ),
  }
  const session = new Session(plan, async () => launched, new EventLog())
  onTestFinished(async () => {
    await session.close('power-off')
    await rm(folder, { recursive: true })
  })
  await session.open()
  return { session, disc, media, done, letIn: gate.resolve }
}

it('a medium that is on its way in is out again once a plan that takes its drive away is in force', async () => {
  const { session, disc, media, done, letIn } = await slowDrive()
  const inserting = session.changeMedium('cd', disc)
  const replanning = session.replan({ ...plan, drives: { cd: 'none', floppy: 'none' } })
  letIn()
  await Promise.all([inserting, replanning])
  expect([done, media.in('cd')]).toEqual([['in', 'out'], null])
  await expect(session.changeMedium('cd', disc)).rejects.toMatchObject({ code: 'drive-refused' })
})

it('it stays under a plan that leaves the drive, and goes once the session is restricted', async () => {
  const { session, disc, media, done, letIn } = await slowDrive()
  const inserting = session.changeMedium('cd', disc)
  const replanning = session.replan({ ...plan, memoryMiB: 128 })
  letIn()
  await Promise.all([inserting, replanning])
  expect([done, media.in('cd')]).toEqual([['in'], 'disc.iso'])
  session.enter('restricted')
  await session.replan(plan)
  expect([done, media.in('cd')]).toEqual([['in', 'out'], null])
})
