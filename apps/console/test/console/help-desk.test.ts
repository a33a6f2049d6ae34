// SPDX-License-Identifier: Apache-2.0

import { rm } from 'node:fs/promises'
import { parseKeyList } from '@casemate/policy/key-list'
import { closedPlan } from '@casemate/policy/launch-plan'
import { type OverrideGrant, verifyOverride } from '@casemate/policy/override'
import { routes } from '@casemate/policy/protocol'
import { rescueBy, verifyRescueCode, writeRescueRequest } from '@casemate/policy/rescue-code'
import { expect, it } from 'vitest'
import { readAudit } from '../../src/audit/read.ts'
import { eq } from '../../src/db/drizzle.ts'
import { deviceCompliance } from '../../src/devices/compliance.ts'
import { revokeDevice } from '../../src/devices/suspend.ts'
import { grantOverride } from '../../src/help-desk/grant-override.ts'
import { listOverrides } from '../../src/help-desk/list-overrides.ts'
import { readOutRescueCode } from '../../src/help-desk/rescue-codes.ts'
import { consoleLayout } from '../../src/organisation/layout.ts'
import { readRepository } from '../../src/publish/repository.ts'
import { ScriptedDevice } from './device.ts'
import { freshData, openRules, operator, organisation, publishDesktop, publishPolicy, publishRelease, startWorld, type World } from './world.ts'

const bounds = {
  ...{ extendDays: 3, extendOfflineMinutes: 60, reset: false, rescue: ['offline', 'locked'] },
  exceptions: [{ setting: 'clipboard-to-guest', value: { maxTextBytes: 100 } }],
}
const boundRules = [...openRules, { setting: 'overrides', value: bounds }]
const extension = (expiryDays: number): OverrideGrant => ({ kind: 'extension', grant: { expiryDays } })

async function boundWorld(rules: readonly object[] = boundRules) {
  const world = await startWorld()
  const { sha256 } = await publishDesktop(world, rules)
  const device = await ScriptedDevice.enrolled(world)
  await device.activate(null)
  const grant = (wanted: OverrideGrant, lifetimeSeconds = 3600, desktop = 'office') =>
    grantOverride(operator, world.console, { device: device.id, desktop, wanted, lifetimeSeconds })
  return { world, device, sha256, grant }
}

async function helpDeskKeys({ console: { repository } }: World) {
  const target = (await readRepository(repository)).targets.document.signed.targets['keys/help-desk.json']
  return await parseKeyList((await repository.read(`targets/keys/${target?.hashes.sha256}.help-desk.json`)) ?? '', 'help-desk')
}

it('grants what the policies allow, signed by the approved key, and sends it with every contact until it ends', async () => {
  const { world, device, grant } = await boundWorld()
  expect((await device.checkIn()).bytes.toString()).not.toContain('overrides')
  const before = device.change
  const { token, id, expires } = await grant(extension(3))
  const expected = { keys: await helpDeskKeys(world), issuer: organisation, device, wasTaken: () => false, now: world.now }
  expect(await verifyOverride(token, expected)).toMatchObject({ id, desktop: 'office', grant: { expiryDays: 3 }, exp: world.now + 3600 })
  const sent = async () => routes.checkIn.response.parse(JSON.parse((await device.checkIn()).bytes.toString())).overrides
  expect(await sent()).toEqual([token])
  expect(device.change).toBe(before + 1)
  expect(await sent()).toEqual([token])
  expect(await listOverrides(operator, world.console, device.id)).toMatchObject([{ id, kind: 'extension', ended: false, expires }])
  const other = await ScriptedDevice.enrolled(world)
  expect((await other.checkIn()).bytes.toString()).not.toContain(token)
  world.now += 3599
  expect(await sent()).toEqual([token])
  world.now += 1
  expect(await sent()).toBeUndefined()
  expect(await listOverrides(operator, world.console, device.id)).toMatchObject([{ id, ended: true }])
  const { entries } = await readAudit(operator, world.console)
  expect(entries.filter(({ action }) => action === 'override.granted')).toMatchObject([{ subject: device.id }])
})

it('signs nothing beyond the policies, for a suspended device, for another desktop, nor beyond what one answer holds', async () => {
  const { world, device, grant } = await boundWorld()
  await expect(grant(extension(4))).rejects.toMatchObject({ code: 'override-refused' })
  await expect(grant({ kind: 'reset', grant: { instance: 'office-1' } })).rejects.toMatchObject({ code: 'override-refused' })
  await expect(grant(extension(3), 3600, 'lab')).rejects.toMatchObject({ code: 'not-found' })
  for (let count = 0; count < 64; count += 1) await grant(extension(3))
  await expect(grant(extension(3))).rejects.toMatchObject({ code: 'override-refused' })
  world.now += 3600
  await grant(extension(3))
  await revokeDevice(operator, world.console, device.id, 'lost')
  await expect(grant(extension(3))).rejects.toMatchObject({ code: 'device-suspended' })
})

it('grants nothing without a help-desk key, and does all else', async () => {
  const data = await freshData()
  await rm(consoleLayout(data).key('help-desk'))
  const world = await startWorld({ data })
  await publishDesktop(world, boundRules)
  const device = await ScriptedDevice.enrolled(world)
  const wanted = { device: device.id, desktop: 'office', wanted: extension(3), lifetimeSeconds: 60 }
  await expect(grantOverride(operator, world.console, wanted)).rejects.toMatchObject({ code: 'help-desk-key-missing' })
  expect((await device.checkIn()).status).toBe(200)
})

it('does not call a device loose that it granted more, and does when that is over or was never granted', async () => {
  const { world, device, sha256, grant } = await boundWorld()
  const { id } = await grant({ kind: 'exception', grant: { setting: 'clipboard-to-guest', value: { maxTextBytes: 100 } } })
  const { releases } = world.console.db.tables
  const [release] = await world.console.db.select({ sha256: releases.sha256 }).from(releases).where(eq(releases.serial, 1))
  const judged = async (overrides: string[], maxBytes = 100) => {
    const clipboard = { ...closedPlan.clipboard, toGuest: { allowed: true, maxBytes } }
    const plan = {
      ...{ ...closedPlan, session: 's-1', instance: 'office-1', desktop: 'office', package: { name: 'demo', version: '1', sha256 } },
      ...{ engine: 'qemu' as const, memoryMiB: 128, clipboard, ...(overrides.length === 0 ? {} : { overrides }) },
    }
    await device.checkIn({ sessions: [{ session: 's-1', serial: 1, releaseSha256: release?.sha256 ?? '', plan, observed: null }] })
    const { sessions } = await deviceCompliance(operator, world.console, device.id)
    return sessions.flatMap(({ differences }) => differences.map(({ field }) => field))
  }
  expect(await judged([id])).toEqual([])
  expect(await judged([id], 101)).toEqual(['clipboard-to-guest'])
  expect(await judged([])).toEqual(['clipboard-to-guest'])
  expect(await judged(['AAAAAAAAAAAAAAAAAAAAAA'])).toEqual(['overrides', 'clipboard-to-guest'])
  world.now += 3600
  expect(await judged([id])).toEqual(['clipboard-to-guest'])
})

it('commits a lease to codes for what its policies let be mended, and reads each out once', async () => {
  const { world, device } = await boundWorld()
  const { lease } = device
  if (lease === null) throw new Error('expected a lease')
  expect(lease.rescue.map(({ problem }) => problem)).toEqual(['offline', 'offline', 'offline', 'locked', 'locked', 'locked'])
  const request = await writeRescueRequest({ device: device.id, seq: lease.seq, problem: 'offline' })
  const codes: string[] = []
  for (const left of [2, 1, 0]) {
    const found = await readOutRescueCode(operator, world.console, request)
    expect(found).toMatchObject({ device: device.id, problem: 'offline', left })
    expect(await verifyRescueCode(found.code, 'offline', lease, () => false)).toMatchObject({ grant: { minutes: 1440 } })
    codes.push(found.code)
  }
  expect(new Set(codes).size).toBe(3)
  await expect(readOutRescueCode(operator, world.console, request)).rejects.toMatchObject({ code: 'rescue-refused' })
  const { entries } = await readAudit(operator, world.console)
  expect(entries.filter(({ action }) => action === 'rescue-code.read-out')).toHaveLength(3)
  expect(JSON.stringify(entries)).not.toContain(codes[0])

  await device.checkIn()
  const next = device.lease
  if (next === null) throw new Error('expected a lease')
  await expect(verifyRescueCode(codes[0] ?? '', 'offline', next, () => false)).rejects.toMatchObject({ code: 'rescue-code-wrong' })
  const again = await readOutRescueCode(operator, world.console, await writeRescueRequest({ device: device.id, seq: next.seq, problem: 'offline' }))
  const used = rescueBy(await verifyRescueCode(again.code, 'offline', next, () => false), next, 'office', world.now)
  expect(used).toMatchObject({ iat: world.now, exp: world.now + 86_400 })
})

it('reads out no code for what the policies do not name, for a lease that never was, nor for a suspended device', async () => {
  const { world, device } = await boundWorld()
  const ask = async (change: object) =>
    await readOutRescueCode(
      operator,
      world.console,
      await writeRescueRequest({ device: device.id, seq: device.floors.seq, problem: 'offline', ...change }),
    )
  await expect(ask({ problem: 'expired' })).rejects.toMatchObject({ code: 'rescue-refused' })
  await expect(ask({ seq: device.floors.seq + 1 })).rejects.toMatchObject({ code: 'not-found' })
  await expect(ask({ device: 'd-0123456789abcdef' })).rejects.toMatchObject({ code: 'not-found' })
  await expect(readOutRescueCode(operator, world.console, `${device.id}/1/offline/ZZ`)).rejects.toMatchObject({ code: 'rescue-request-invalid' })
  await publishPolicy(world, '2', openRules)
  await publishRelease(world, '2')
  await expect(ask({})).rejects.toMatchObject({ code: 'rescue-refused' })
  await device.checkIn()
  expect(device.lease?.rescue).toEqual([])
  await publishPolicy(world, '3', boundRules)
  await publishRelease(world, '3')
  expect(await ask({})).toMatchObject({ left: 2 })
  await revokeDevice(operator, world.console, device.id, 'lost')
  await expect(ask({})).rejects.toMatchObject({ code: 'device-suspended' })
  await device.checkIn()
  expect(device.lease).toMatchObject({ action: 'suspend', rescue: [] })
})
