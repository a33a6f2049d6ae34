// SPDX-License-Identifier: Apache-2.0
import { rename, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parseRelease } from '@casemate/policy/release'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { operatorCalls } from '../../operator-door/calls.ts'
import { createOperatorApp } from '../../operator-door/listen.ts'
import { approve, withdrawWaiting } from '../../src/approvals/approve.ts'
import { listWaiting, readWaiting } from '../../src/approvals/review.ts'
import { readAudit } from '../../src/audit/read.ts'
import { eq, sql } from '../../src/db/drizzle.ts'
import { stagePackage } from '../../src/packages/stage.ts'
import { stagePolicy } from '../../src/policies/stage.ts'
import { findPending } from '../../src/publish/pending.ts'
import { stageTargets } from '../../src/publish/stage-targets.ts'
import { listReleases } from '../../src/releases/list.ts'
import { previewRelease } from '../../src/releases/preview.ts'
import { previewRollBack, rollBackRelease } from '../../src/releases/roll-back.ts'
import { stageRelease } from '../../src/releases/stage.ts'
import { startConsole } from '../../start-console.ts'
import { ScriptedDevice } from './device.ts'
import { callsWithoutRight, everyCall, policyText } from './every-call.ts'
import {
  approveRole,
  firstNow,
  freshData,
  openRules,
  operator,
  passphrase,
  publishDesktop,
  publishPackage,
  publishPolicy,
  publishRelease,
  startWorld,
} from './world.ts'

const refusal = z.object({ error: z.object({ code: z.string() }).optional() })
const codeIn = async (answer: Response) => refusal.parse(await answer.json()).error?.code

it('does nothing for an actor without rights, on every call, and is 404 to them', async () => {
  const world = await startWorld()
  const door = () => ({ address: world.device, pin: world.pin })
  const offered = operatorCalls(world.console, door)
  expect(Object.keys(everyCall).sort()).toEqual(Object.keys(offered).sort())
  const [nobody, somebody] = [createOperatorApp({ ...operator, rights: new Set() }, offered), createOperatorApp(operator, offered)]
  const before = (await readAudit(operator, world.console)).head
  const guarded = Object.entries(everyCall).filter(([name]) => !callsWithoutRight.some((open) => open === name))
  for (const [name, body] of guarded) {
    const asked = { method: 'POST', body: JSON.stringify(body) }
    const answer = await nobody.request(`/v1/${name}`, asked)
    expect([name, answer.status, await codeIn(answer)]).toEqual([name, 404, 'right-missing'])
  }
  expect((await readAudit(operator, world.console)).head).toBe(before)
  for (const [name, body] of guarded) {
    const answer = await somebody.request(`/v1/${name}`, { method: 'POST', body: JSON.stringify(body) })
    expect([name, await codeIn(answer)]).not.toEqual([name, 'right-missing'])
  }
})

it('refuses calls that it does not know, and bodies of another form', async () => {
  const world = await startWorld()
  const app = createOperatorApp(
    operator,
    operatorCalls(world.console, () => null),
  )
  const codeOf = async (name: string, body: string) => await codeIn(await app.request(`/v1/${name}`, { method: 'POST', body }))
  expect(await codeOf('constructor', '{}')).toBe('not-found')
  expect(await codeOf('list-devices', '{"more":1}')).toBe('input-invalid')
  expect(await codeOf('list-devices', 'nonsense')).toBe('input-invalid')
  expect(await codeOf('list-devices', '{}')).toBeUndefined()
  expect(await codeOf('new-code', JSON.stringify(everyCall['new-code']))).toBe('address-missing')
})

it('keeps the operator door and the data folder to their owner', async () => {
  const { data, operator: socket } = await startWorld()
  expect((await stat(socket)).mode & 0o777).toBe(0o600)
  for (const name of ['keys/online.key', 'keys/root.key', 'tls/key.pem', 'console.db']) {
    expect([name, (await stat(`${data}/${name}`)).mode & 0o077]).toEqual([name, 0])
  }
})

it('takes a package only with the key that opens it, and with its disks in the store', async () => {
  const [world, elsewhere] = [await startWorld(), await startWorld()]
  await publishPackage(elsewhere)
  const { packages } = elsewhere.console.db.tables
  const [foreign] = await elsewhere.console.db.select().from(packages)
  if (foreign === undefined) throw new Error('expected a package')
  const files = { manifest: foreign.manifest, sealedKey: foreign.sealedKey }
  await expect(stagePackage(operator, world.console, files)).rejects.toMatchObject({ code: 'object-missing' })
  await expect(stagePackage(operator, world.console, { ...files, sealedKey: Buffer.from('{}') })).rejects.toMatchObject({ code: 'key-invalid' })
  await expect(stagePackage(operator, elsewhere.console, files)).rejects.toMatchObject({ code: 'exists' })
  expect((await publishPackage(world)).sha256).toMatch(/^[0-9a-f]{64}$/)
})

it('refuses a policy with an unknown field by its name, and a version that is published', async () => {
  const world = await startWorld()
  await expect(stagePolicy(operator, world.console, `${policyText('1').slice(0, -1)},"colour":1}`)).rejects.toMatchObject({
    code: 'policy-invalid',
    message: expect.stringContaining('colour'),
  })
  await publishPolicy(world, '1', openRules)
  await expect(stagePolicy(operator, world.console, policyText('1'))).rejects.toMatchObject({ code: 'exists' })
  await stagePolicy(operator, world.console, policyText('2'))
  await expect(stagePolicy(operator, world.console, policyText('3'))).rejects.toMatchObject({ code: 'pending-exists' })
})

it('forgets what is withdrawn, so that the same version may say something else', async () => {
  const world = await startWorld()
  await publishPackage(world)
  await stagePolicy(operator, world.console, policyText('1').replace('0.1.0', '9.0.0'))
  await withdrawWaiting(operator, world.console, 'policies')
  expect(await listWaiting(operator, world.console)).toEqual([])
  await publishPolicy(world, '1', openRules)
  await publishRelease(world, '1')
  const { releases } = world.console.db.tables
  const [release] = await world.console.db.select({ document: releases.document }).from(releases)
  expect(parseRelease(release?.document ?? '').minRuntime).toBe('0.1.0')
})

it('makes releases of published packages and policies only, under rising serials', async () => {
  const world = await startWorld()
  await publishPackage(world)
  await stagePolicy(operator, world.console, policyText('1'))
  const layers = [{ layer: 'organisation' as const, selector: null, name: 'base', version: '1' }]
  const wanted = { desktop: 'office', title: 'Office', package: { name: 'demo', version: '1' }, layers }
  await expect(stageRelease(operator, world.console, wanted)).rejects.toMatchObject({ code: 'not-found' })
  await approveRole(world, 'policies')
  await publishRelease(world, '1')
  await publishRelease(world, '1')
  expect(await stageRelease(operator, world.console, wanted)).toMatchObject({ serial: 3, path: 'releases/office/3.json' })
  const selector = { group: 'bad\u0000name' }
  await expect(
    stageRelease(operator, world.console, { ...wanted, layers: [{ ...layers[0], layer: 'group', selector, name: 'base', version: '1' }] }),
  ).rejects.toMatchObject({
    code: 'input-invalid',
  })
})

it("rolls back by approving a former release's content under the next serial, and to nothing but a published one that is not the newest", async () => {
  const world = await startWorld()
  await publishDesktop(world)
  const second = await publishPackage(world, '2')
  await publishPolicy(world, '2', openRules)
  const layers = [{ layer: 'organisation' as const, selector: null, name: 'base', version: '2' }]
  const wanted = { desktop: 'office', title: 'Office two', package: { name: 'demo', version: '2' }, layers, update: { keep: 1, forceAt: 5 } }
  await stageRelease(operator, world.console, wanted)
  await approveRole(world, 'releases')
  const device = await ScriptedDevice.enrolled(world)

  const back = (to: number, desktop = 'office') => rollBackRelease(operator, world.console, { desktop, to })
  await expect(back(2)).rejects.toMatchObject({ code: 'input-invalid' })
  await expect(back(3)).rejects.toMatchObject({ code: 'not-found' })
  await expect(back(1, 'nowhere')).rejects.toMatchObject({ code: 'not-found' })
  const impact = (to: number) => previewRollBack(operator, world.console, { desktop: 'office', to })
  await expect(impact(2)).rejects.toMatchObject({ code: 'input-invalid' })
  await expect(impact(3)).rejects.toMatchObject({ code: 'not-found' })
  expect(await impact(1)).toMatchObject({ follows: 2, serial: 3, devices: [{ device: device.id }], impact: [{ package: 'updated', changes: [] }] })
  expect(await back(1)).toMatchObject({ serial: 3, path: 'releases/office/3.json' })
  await expect(back(1)).rejects.toMatchObject({ code: 'pending-exists' })
  expect(await listReleases(operator, world.console, 'office')).toMatchObject([
    { serial: 3, package: { version: '1' }, update: null, publishedAt: null },
    { serial: 2, package: { version: '2' }, update: wanted.update, publishedAt: world.now },
    { serial: 1, package: { version: '1' }, update: null, publishedAt: world.now },
  ])
  await withdrawWaiting(operator, world.console, 'releases')
  await expect(impact(3)).rejects.toMatchObject({ code: 'not-found' })
  await back(1)
  await approveRole(world, 'releases')

  const { releases } = world.console.db.tables
  const rows = await world.console.db.select({ document: releases.document }).from(releases).orderBy(releases.serial)
  const [first, newer, last] = rows.map(({ document }) => parseRelease(document))
  expect(last).toEqual({ ...first, serial: 3 })
  expect(newer).toMatchObject({ title: 'Office two', package: { sha256: second.sha256 }, update: wanted.update })
  await rollBackRelease(operator, world.console, { desktop: 'office', to: 2, update: { keep: 0, forceAt: null } })
  await approveRole(world, 'releases')
  const [again] = await world.console.db.select({ document: releases.document }).from(releases).where(eq(releases.serial, 4))
  expect(parseRelease(again?.document ?? '')).toEqual({ ...newer, serial: 4, update: { keep: 0, forceAt: null } })
})

it('says before a release is staged what it sends, to devices with the release before and to others', async () => {
  const world = await startWorld()
  await publishPackage(world)
  await publishPolicy(world, '1', openRules)
  const wanted = { desktop: 'office', title: 'Office', package: { name: 'demo', version: '1' }, layers: [] }
  const first = await previewRelease(operator, world.console, wanted)
  expect(first.follows).toBeNull()
  expect(first.transfer?.update).toEqual(first.transfer?.whole)
  await publishRelease(world, '1')
  const none = { objects: 0, bytes: 0 }
  expect((await previewRelease(operator, world.console, wanted)).transfer).toEqual({ whole: first.transfer?.whole, update: none })
  const { object } = await publishPackage(world, '2')
  const other = { ...wanted, package: { name: 'demo', version: '2' } }
  // Two random disks share nothing.
  const { transfer } = await previewRelease(operator, world.console, other)
  expect(transfer?.update).toEqual(transfer?.whole)
  await world.console.objects.delete(object)
  expect((await previewRelease(operator, world.console, other)).transfer).toBeNull()
})

it('publishes only what an approver signed, over the bytes that wait', async () => {
  const world = await startWorld()
  await stagePolicy(operator, world.console, policyText('1'))
  const { review } = await readWaiting(operator, world.console, 'policies')
  const sig = Buffer.from(await world.approver.sign(Buffer.from('something else'))).toString('hex')
  const approval = { role: 'policies' as const, reviewed: review.sha256, signature: { keyid: world.approver.keyId, sig } }
  await expect(approve(operator, world.console, approval)).rejects.toMatchObject({ code: 'signature-invalid' })
  expect(await listWaiting(operator, world.console)).toMatchObject([{ role: 'policies', version: 1 }])
  await approveRole(world, 'policies')
  expect(await listWaiting(operator, world.console)).toEqual([])
})

it('withdraws at its start what waits without a record, and marks what was published before it died', async () => {
  const world = await startWorld()
  await publishPackage(world)
  await stagePolicy(operator, world.console, policyText('1'))
  const { repository, db } = world.console
  await db.update(db.tables.packages).set({ publishedAt: null })
  await stageTargets(repository, {
    role: 'releases',
    author: 'x',
    now: world.now,
    add: [{ path: 'releases/office/1.json', bytes: Buffer.from('{}') }],
  })
  await world.close()
  const running = await startConsole({
    data: world.data,
    passphrase,
    listen: '127.0.0.1',
    devicePort: null,
    now: () => world.now,
    report: () => undefined,
  })
  try {
    expect(await findPending(running.console.repository, 'releases')).toBeUndefined()
    expect(await findPending(running.console.repository, 'policies')).toBeDefined()
    const { packages } = running.console.db.tables
    expect(await running.console.db.select({ at: packages.publishedAt }).from(packages)).toEqual([{ at: new Date(world.now * 1000) }])
  } finally {
    await running.close()
  }
})

it('finds a line of the audit that was changed, and has one chain without it', async () => {
  const world = await startWorld()
  await publishDesktop(world)
  await ScriptedDevice.enrolled(world)
  const { entries } = await readAudit(operator, world.console)
  expect(entries.map(({ action }) => action)).toContain('device.enrolled')
  const { auditEntries } = world.console.db.tables
  await world.console.db.update(auditEntries).set({ line: sql`replace(${auditEntries.line}, 'policies.staged', 'policies.stagee')` })
  await expect(readAudit(operator, world.console)).rejects.toMatchObject({ code: 'audit-altered' })
})

it('does not open under another passphrase, nor a folder that is no organisation, nor twice', async () => {
  const world = await startWorld()
  const options = { passphrase, listen: '127.0.0.1', devicePort: null, now: () => world.now, report: () => undefined }
  const other = await freshData()
  await expect(startConsole({ ...options, data: other, passphrase: 'something else' })).rejects.toMatchObject({ code: 'sealed-key-passphrase' })
  await writeFile(`${other}/keys/online.key`, '{}')
  await expect(startConsole({ ...options, data: other })).rejects.toMatchObject({ code: 'sealed-key-invalid' })
  await expect(startConsole({ ...options, data: `${other}/objects` })).rejects.toMatchObject({ code: 'data-invalid' })
  await expect(startConsole({ ...options, data: world.data })).rejects.toMatchObject({ code: 'database-owned' })
})

it('refuses a data folder whose socket could not be named, and leaves it free for the next', async () => {
  const data = await freshData()
  const deep = join(dirname(data), 'd'.repeat(80))
  await rename(data, deep)
  const options = { passphrase, listen: '127.0.0.1', devicePort: null, now: () => firstNow, report: () => undefined }
  await expect(startConsole({ ...options, data: deep })).rejects.toMatchObject({ code: 'path-too-long' })
  await rename(deep, data)
  const running = await startConsole({ ...options, data })
  await running.close()
  expect(running.operator).toBe(join(data, 'operator.sock'))
})
