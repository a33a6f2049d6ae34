// SPDX-License-Identifier: Apache-2.0
import { verifyTimeAnswer } from '@casemate/policy/clock'
import { proofHeader, routes } from '@casemate/policy/protocol'
import { expect, it } from 'vitest'
import { readAudit } from '../../src/audit/read.ts'
import { listDevices } from '../../src/devices/list.ts'
import { reinstateDevice, revokeDevice } from '../../src/devices/suspend.ts'
import { assignDesktop } from '../../src/releases/assign.ts'
import { startConsole } from '../../start-console.ts'
import { errorOf, ScriptedDevice, send } from './device.ts'
import {
  newCode,
  onlineKeys,
  openRules,
  operator,
  organisation,
  passphrase,
  publishDesktop,
  publishPolicy,
  publishRelease,
  startWorld,
  type World,
} from './world.ts'

/** Resolves once the device's call is held, seen by what it left in the database before it waited. */
async function held(world: World, since: number): Promise<void> {
  const { devices } = world.console.db.tables
  for (;;) {
    const rows = await world.console.db.select({ seen: devices.lastSeenAt }).from(devices)
    if (rows.some(({ seen }) => seen !== null && seen.getTime() / 1000 >= since)) return
  }
}

it('answers with the next lease, bound to the question`s nonce', async () => {
  const world = await startWorld()
  const device = await ScriptedDevice.enrolled(world)
  const first = await device.checkIn()
  expect(first).toMatchObject({ status: 200, body: { change: 0, timestamp: world.console.published.current.timestamp, receipt: null } })
  expect(device.lease).toMatchObject({ seq: 2, nonce: first.nonce, sub: device.id, tuf: world.console.published.current })
  await expect(device.take(first.body.lease, 'another-question-altogether')).rejects.toMatchObject({ code: 'lease-nonce' })
  await device.checkIn()
  expect(device.lease?.seq).toBe(3)
})

it('refuses a proof that was used before, and takes a fresh one', async () => {
  const world = await startWorld()
  const device = await ScriptedDevice.enrolled(world)
  const body = Buffer.from(JSON.stringify(device.checkInBody()))
  const { token, nonce } = await device.proof('POST', routes.checkIn.path, body)
  const sent = { headers: { [proofHeader]: token }, body }
  const answer = await send(world, routes.checkIn.path, sent)
  expect(errorOf(await send(world, routes.checkIn.path, sent))).toEqual({ status: 401, code: 'proof-replayed' })
  await device.take(answer.body.lease, nonce)
  expect((await device.checkIn()).status).toBe(200)
})

it('refuses a proof for another body, and one that another device signed', async () => {
  const world = await startWorld()
  const device = await ScriptedDevice.enrolled(world)
  const stranger = await ScriptedDevice.make(world)
  const body = Buffer.from(JSON.stringify(device.checkInBody()))
  const { token } = await device.proof('POST', routes.checkIn.path, Buffer.from('{}'))
  expect(errorOf(await send(world, routes.checkIn.path, { headers: { [proofHeader]: token }, body }))).toEqual({ status: 401, code: 'proof-refused' })
  expect(errorOf(await stranger.post(routes.checkIn.path, device.checkInBody()))).toEqual({ status: 401, code: 'device-unknown' })
  expect((await device.checkIn()).status).toBe(200)
})

it('gives a device whose clock is wrong the signed time for its question, and one within the window its lease', async () => {
  const world = await startWorld()
  const device = await ScriptedDevice.enrolled(world)
  const answer = await device.checkIn({}, { now: world.now + 301 })
  expect(errorOf(answer)).toEqual({ status: 401, code: 'proof-time' })
  const question = { keys: await onlineKeys(world), issuer: organisation, nonce: answer.nonce }
  expect(await verifyTimeAnswer(answer.body.token, question)).toBe(world.now)
  expect((await device.checkIn({}, { now: world.now + 300 })).status).toBe(200)
})

it('takes no proof from before its own start, since it cannot know whether that was used', async () => {
  const world = await startWorld()
  const device = await ScriptedDevice.enrolled(world)
  await world.close()
  const options = {
    data: world.data,
    passphrase,
    listen: '127.0.0.1',
    devicePort: null,
    now: () => world.now,
    report: (error: unknown) => world.failures.push(error),
  }
  const again = await startConsole(options)
  try {
    expect(again.device).toBe(world.device)
    expect(errorOf(await device.checkIn({}, { now: world.now - 1 }))).toEqual({ status: 401, code: 'proof-time' })
    expect((await device.checkIn()).status).toBe(200)
  } finally {
    await again.close()
  }
})

it('answers `what time is it` without a proof', async () => {
  const world = await startWorld()
  const nonce = 'a'.repeat(22)
  const answer = await send(world, routes.askTime.path, { body: JSON.stringify({ nonce }) })
  const keys = await onlineKeys(world)
  expect(await verifyTimeAnswer(answer.body.time, { keys, issuer: organisation, nonce })).toBe(world.now)
  await expect(verifyTimeAnswer(answer.body.time, { keys, issuer: organisation, nonce: 'b'.repeat(22) })).rejects.toMatchObject({
    code: 'time-answer',
  })
})

it('suspends the copy and the original when one lease gets two successors', async () => {
  const world = await startWorld()
  const original = await ScriptedDevice.enrolled(world)
  const copy = original.copy()
  expect((await original.checkIn()).status).toBe(200)
  expect(errorOf(await copy.checkIn())).toEqual({ status: 409, code: 'lease-copied' })
  expect((await original.checkIn()).status).toBe(200)
  expect(original.lease?.action).toBe('suspend')
  expect(await listDevices(operator, world.console)).toMatchObject([{ id: original.id, state: 'suspended' }])
  const { entries } = await readAudit(operator, world.console)
  expect(entries.filter(({ action }) => action === 'device.copied')).toHaveLength(1)
})

it('takes a question once more whose answer was lost, and does not call that a copy', async () => {
  const world = await startWorld()
  const device = await ScriptedDevice.enrolled(world)
  const lost = await device.post(routes.checkIn.path, device.checkInBody())
  expect(lost.status).toBe(200)
  expect((await device.checkIn({}, { unanswered: lost.nonce })).status).toBe(200)
  expect(device.lease).toMatchObject({ seq: 3, action: 'run' })
})

it('holds a call until the device is revoked, and then says `suspend` at once; reinstated, it runs again', async () => {
  const world = await startWorld()
  const device = await ScriptedDevice.enrolled(world)
  await device.checkIn()
  world.now += 5
  const waiting = device.checkIn({ waitSeconds: 300 })
  await held(world, world.now)
  await revokeDevice(operator, world.console, device.id, 'it was stolen')
  expect((await waiting).status).toBe(200)
  expect(device.lease?.action).toBe('suspend')
  await reinstateDevice(operator, world.console, device.id)
  await device.checkIn({ waitSeconds: 300 })
  expect(device.lease?.action).toBe('run')
})

it('wakes every device that waits when something is published', async () => {
  const world = await startWorld()
  await publishDesktop(world)
  const device = await ScriptedDevice.enrolled(world)
  await device.checkIn()
  expect(device.lease?.assign).toMatchObject([{ path: 'releases/office/1.json', serial: 1, key: null }])
  await publishPolicy(world, '2', openRules)
  await device.checkIn()
  world.now += 5
  const waiting = device.checkIn({ waitSeconds: 300 })
  await held(world, world.now)
  await publishRelease(world, '2')
  await waiting
  expect(device.lease?.assign).toMatchObject([{ path: 'releases/office/2.json', serial: 2 }])
  expect(device.lease?.tuf.timestamp).toBe(world.console.published.current.timestamp)
})

it('wakes a device when a desktop is assigned to it, not when to another', async () => {
  const world = await startWorld()
  await publishDesktop(world)
  await publishRelease(world, '1', '1', 'lab')
  const [one, other] = [await ScriptedDevice.enrolled(world), await ScriptedDevice.enrolled(world)]
  for (const device of [one, other]) await device.checkIn()
  const before = other.change
  await assignDesktop(operator, world.console, 'lab', { subject: 'device', value: one.id })
  await one.checkIn({ waitSeconds: 300 })
  expect(one.lease?.assign.map(({ path }) => path)).toEqual(['releases/lab/1.json', 'releases/office/1.json'])
  await other.checkIn()
  expect([other.change, other.lease?.assign.length]).toEqual([before, 1])
})

it('ends a held call when a later one of the same device comes, and answers the later one', async () => {
  const world = await startWorld()
  const device = await ScriptedDevice.enrolled(world)
  await device.checkIn()
  world.now += 5
  const earlier = device.post(routes.checkIn.path, device.checkInBody({ waitSeconds: 300 }))
  await held(world, world.now)
  const later = await device.checkIn()
  expect(errorOf(await earlier)).toEqual({ status: 503, code: 'unavailable' })
  expect([later.status, device.lease?.action]).toEqual([200, 'run'])
})

it('issues no lease to a caller that is no longer there', async () => {
  const world = await startWorld()
  const device = await ScriptedDevice.enrolled(world)
  await device.checkIn()
  world.now += 5
  const gone = new AbortController()
  const waiting = device.post(routes.checkIn.path, device.checkInBody({ waitSeconds: 300 }), { signal: gone.signal })
  await held(world, world.now)
  gone.abort()
  await expect(waiting).rejects.toMatchObject({ name: 'AbortError' })
  await device.checkIn()
  expect(device.lease?.seq).toBe(3)
})

it('ends a held call when the console stops', async () => {
  const world = await startWorld()
  const device = await ScriptedDevice.enrolled(world)
  await device.checkIn()
  world.now += 5
  const waiting = device.post(routes.checkIn.path, device.checkInBody({ waitSeconds: 300 }))
  await held(world, world.now)
  await world.close()
  expect(errorOf(await waiting)).toEqual({ status: 503, code: 'unavailable' })
})

it('flags a device that was silent past the end of its lease, and none that came in time', async () => {
  const world = await startWorld()
  const device = await ScriptedDevice.enrolled(world)
  const end = device.lease?.exp ?? 0
  world.now = end - 1
  await device.checkIn()
  expect((await readAudit(operator, world.console)).entries.map(({ action }) => action)).not.toContain('device.silent')
  world.now = (device.lease?.exp ?? 0) + 10
  expect(await listDevices(operator, world.console)).toMatchObject([{ silent: true }])
  await device.checkIn()
  expect(await listDevices(operator, world.console)).toMatchObject([{ silent: false }])
  expect((await readAudit(operator, world.console)).entries.at(-1)).toMatchObject({ action: 'device.silent', subject: device.id })
})

it('gives and takes back the permission of a device whose network rules together are too many to be met', async () => {
  const world = await startWorld()
  const ranges = Array.from({ length: 200 }, (_, at) => ({ protocol: 'tcp', cidr: '0.0.0.0/0', ports: [at + 1, at + 2000] }))
  const rule = { setting: 'network', value: { mode: 'listed', allow: ranges } }
  await publishDesktop(world, [...openRules, rule, rule])
  const device = await ScriptedDevice.enrolled(world)
  expect(device.lease).toMatchObject({ action: 'run', offline: { warnAt: 900 } })
  await revokeDevice(operator, world.console, device.id, 'lost')
  await device.checkIn()
  expect(device.lease).toMatchObject({ action: 'suspend', suspension: { why: 'lost' } })
  expect(world.failures).toEqual([])
})

it('tells of a release at once also whoever has fetched its metadata already, and holds the question of whoever has its lease', async () => {
  const world = await startWorld()
  await publishDesktop(world)
  const device = await ScriptedDevice.enrolled(world)
  const before = (await device.checkIn()).status
  const { seen } = device.checkInBody()
  await publishRelease(world, '1')
  const { timestamp } = world.console.published.current
  const unlessHeld = async (question: Promise<unknown>, ms: number) =>
    await Promise.race([question, new Promise((resolve) => setTimeout(resolve, ms, 'held'))])
  expect(await unlessHeld(device.checkIn({ waitSeconds: 30, seen: { ...seen, timestamp } }), 20_000)).not.toBe('held')
  expect([before, device.lease?.assign[0]?.serial]).toEqual([200, 2])
  const question = device.checkIn({ waitSeconds: 30 })
  expect(await unlessHeld(question, 300)).toBe('held')
  await revokeDevice(operator, world.console, device.id, 'lost')
  await question
  expect(device.lease?.action).toBe('suspend')
})

it('carries the strictest offline limits of the policies into the lease', async () => {
  const world = await startWorld()
  const offline = { warnMinutes: 1, restrictMinutes: 2, suspendMinutes: 3, maxRuntimeMinutes: null, maxBoots: 4 }
  await publishDesktop(world, [{ setting: 'offline', value: offline }])
  const device = await ScriptedDevice.enrolled(world)
  expect(device.lease?.offline).toEqual({ warnAt: 60, restrictAt: 120, suspendAt: 180, maxRuntimeMinutes: null, maxBoots: 4 })
  expect(await newCode(world)).toMatchObject({ address: world.device, pin: world.pin })
})
