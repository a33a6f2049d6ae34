// SPDX-License-Identifier: Apache-2.0
import type { SessionReport } from '@casemate/policy/compliance'
import { closedPlan } from '@casemate/policy/launch-plan'
import { expect, it } from 'vitest'
import { eq } from '../../src/db/drizzle.ts'
import { deviceCompliance } from '../../src/devices/compliance.ts'
import { showDevice } from '../../src/devices/list.ts'
import { ScriptedDevice } from './device.ts'
import { openRules, operator, publishDesktop, publishPolicy, publishRelease, startWorld, type World } from './world.ts'

async function sessionOf(world: World, sha256: string): Promise<SessionReport> {
  const { releases } = world.console.db.tables
  const [release] = await world.console.db.select({ sha256: releases.sha256 }).from(releases).where(eq(releases.serial, 1))
  const shared = { engine: 'qemu' as const, memoryMiB: 128, network: { mode: 'none' as const }, serial: 'none' as const, exit: 'power-off' as const }
  return {
    ...{ session: 's-1', serial: 1, releaseSha256: release?.sha256 ?? '' },
    plan: {
      ...closedPlan,
      ...{ session: 's-1', instance: 'office-1', desktop: 'office', package: { name: 'demo', version: '1', sha256 }, ...shared },
      deadlines: { ...closedPlan.deadlines, suspendAt: world.now + 3600 },
    },
    observed: { state: 'running', package: sha256, ...shared, clipboard: closedPlan.clipboard },
  }
}

it('holds what was observed against what was decided, and that against the approved policies', async () => {
  const world = await startWorld()
  const { sha256 } = await publishDesktop(world)
  const device = await ScriptedDevice.enrolled(world)
  await device.activate(null)
  expect(await deviceCompliance(operator, world.console, device.id)).toMatchObject({ reportedAt: null, sessions: [] })
  const session = await sessionOf(world, sha256)
  const judged = async (report: SessionReport) => {
    await device.checkIn({ sessions: [report] })
    return await deviceCompliance(operator, world.console, device.id)
  }
  expect(await judged(session)).toMatchObject({ compliant: true, sessions: [{ applied: 1, wanted: 1, differences: [] }] })
  const { observed, plan } = session
  if (observed === null) throw new Error('expected an observation')
  const open = { mode: 'listed' as const, allow: [{ protocol: 'tcp' as const, cidr: '10.0.0.0/8', ports: null }] }
  expect(await judged({ ...session, observed: { ...observed, network: open } })).toMatchObject({
    compliant: false,
    sessions: [{ differences: [{ between: 'decision-and-observation', field: 'network' }] }],
  })
  expect(await judged({ ...session, plan: { ...plan, network: open }, observed: { ...observed, network: open } })).toMatchObject({
    compliant: false,
    sessions: [{ differences: [{ between: 'policy-and-decision', field: 'network' }] }],
  })
})

it('shows a device that runs an older release than it should, and one that names a release which never was', async () => {
  const world = await startWorld()
  const { sha256 } = await publishDesktop(world)
  const device = await ScriptedDevice.enrolled(world)
  await device.activate(null)
  const session = await sessionOf(world, sha256)
  await publishPolicy(world, '2', openRules)
  await publishRelease(world, '2')
  await device.checkIn({ sessions: [session] })
  expect(await deviceCompliance(operator, world.console, device.id)).toMatchObject({
    compliant: false,
    sessions: [{ applied: 1, wanted: 2, differences: [{ between: 'release', field: 'serial', wanted: '2', found: '1' }] }],
  })
  expect(await showDevice(operator, world.console, device.id)).toMatchObject({
    desktops: [{ desktop: 'office', wanted: 2, instances: [{ name: 'office-1', applied: 1 }] }],
  })
  await device.checkIn({ sessions: [{ ...session, releaseSha256: 'ab'.repeat(32) }] })
  expect((await deviceCompliance(operator, world.console, device.id)).sessions[0]?.differences).toMatchObject([
    { field: 'release' },
    { field: 'serial' },
  ])
})
