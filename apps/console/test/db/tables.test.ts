// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { and, eq } from '../../src/db/drizzle.ts'
import { openDatabase } from '../../src/db/sqlite/open-database.ts'
import { scratchFolder } from './scratch.ts'

const at = new Date('2026-11-23T10:00:00.123Z')
const later = new Date('2026-11-23T11:00:00Z')
const sha256 = 'ab'.repeat(32)

async function openConsole() {
  const db = await openDatabase({ file: join(await scratchFolder(), 'console.db') })
  onTestFinished(() => db.close())
  const { organisations, users } = db.tables
  await db.insert(organisations).values({ id: 'o', name: 'Acme', contact: 'help@acme.example', custody: 'single-operator', createdAt: at })
  await db
    .insert(users)
    .values({ id: 'u', organisationId: 'o', login: 'ada', name: 'Ada', passwordHash: '$argon2id$', roles: ['admin'], createdAt: at })
  return db
}

test('the way from a machine to a report fits into the tables and reads back as it was written', async () => {
  const db = await openConsole()
  const t = db.tables
  await db.transaction(async (tx) => {
    await tx.insert(t.machines).values({ id: 'm', organisationId: 'o', name: 'Office', hardware: { cpus: 1 }, createdBy: 'u', createdAt: at })
    await tx
      .insert(t.machineDisks)
      .values({ machineId: 'm', name: 'system', position: 0, role: 'system', state: 'ready', sizeBytes: 20 * 2 ** 40, file: 'm-system.raw', sha256 })
    await tx
      .insert(t.policies)
      .values({ id: 'p', organisationId: 'o', name: 'base', draft: '# nothing', draftRevision: 1, editedBy: 'u', editedAt: at })
    await tx.insert(t.policyVersions).values({ policyId: 'p', version: '1', sha256, document: Buffer.from('{}'), authorId: 'u', createdAt: at })
    const sealed = {
      id: 'k',
      organisationId: 'o',
      machineId: 'm',
      name: 'office',
      version: '1',
      sha256,
      manifest: Buffer.from('{}'),
      sealedKey: Buffer.alloc(48),
    }
    await tx.insert(t.packages).values({ ...sealed, storedBytes: 7, authorId: 'u', createdAt: at, publishedAt: later })
    await tx.insert(t.desktops).values({ id: 'd', organisationId: 'o', name: 'office', title: 'Office', createdAt: at })
    await tx
      .insert(t.releases)
      .values({ desktopId: 'd', serial: 1, packageId: 'k', sha256, document: Buffer.from('{}'), authorId: 'u', createdAt: at })
    await tx.insert(t.assignments).values({ desktopId: 'd', subject: 'group', value: 'staff', createdAt: at })
    await tx.insert(t.activationSecrets).values({ id: 's', desktopId: 'd', kind: 'key', hash: sha256, usesAllowed: 1, createdAt: at })
    const device = { id: 'v', organisationId: 'o', name: 'laptop', jkt: 'thumb', signingKey: { kty: 'EC' }, agreementKey: { kty: 'EC' } }
    await tx
      .insert(t.devices)
      .values({ ...device, assurance: 'software', state: 'active', userName: 'bob', groups: ['staff'], tags: [], enrolledAt: at })
    const code = { id: 'c', organisationId: 'o', secretHash: sha256, userName: 'bob', groups: ['staff'], tags: [], createdBy: 'u', createdAt: at }
    await tx.insert(t.enrolmentCodes).values({ ...code, expiresAt: later, usedAt: at, deviceId: 'v' })
    await tx.insert(t.leases).values({ deviceId: 'v', seq: 1, nonce: 'n', follows: 0, action: 'run', issuedAt: at, expiresAt: later })
    await tx
      .insert(t.instances)
      .values({ name: 'i', deviceId: 'v', desktopId: 'd', userName: 'bob', state: 'active', activatedAt: at, appliedSerial: 1 })
    await tx.insert(t.journalHeads).values({ deviceId: 'v', seq: 9, head: sha256, receipt: 'a.b.c', receivedAt: at, counts: { boots: 2 } })
    await tx
      .insert(t.reports)
      .values({ id: 'r', deviceId: 'v', firstSeq: 1, lastSeq: 9, head: sha256, body: Buffer.from('report'), accepted: true, receivedAt: at })
    await tx
      .insert(t.auditEntries)
      .values({ organisationId: 'o', seq: 1, line: '{}', hash: sha256, at, actor: 'ada', action: 'release.publish', subject: 'office' })
    await tx.insert(t.jobs).values({ id: 'j', organisationId: 'o', kind: 'seal', request: { machine: 'm' }, state: 'waiting', createdAt: at })
  })
  const [row] = await db
    .select({ device: t.devices, instance: t.instances, lease: t.leases, release: t.releases, disk: t.machineDisks })
    .from(t.devices)
    .innerJoin(t.instances, eq(t.instances.deviceId, t.devices.id))
    .innerJoin(t.leases, eq(t.leases.deviceId, t.devices.id))
    .innerJoin(t.releases, eq(t.releases.desktopId, t.instances.desktopId))
    .innerJoin(t.packages, eq(t.packages.id, t.releases.packageId))
    .innerJoin(t.machineDisks, and(eq(t.machineDisks.machineId, t.packages.machineId)))
  expect(row).toMatchObject({
    device: { id: 'v', groups: ['staff'], enrolledAt: at, lastSeenAt: null },
    instance: { name: 'i', appliedSerial: 1, endedAt: null },
    lease: { seq: 1, expiresAt: later },
    release: { serial: 1, document: new Uint8Array(Buffer.from('{}')), publishedAt: null },
    disk: { sizeBytes: 20 * 2 ** 40 },
  })
})

test('what must be unique is: logins, device keys, names within an organisation, serials within a desktop', async () => {
  const db = await openConsole()
  const { desktops, users } = db.tables
  const second = { id: 'u2', organisationId: 'o', name: 'Ada', passwordHash: '$argon2id$', roles: [], createdAt: at }
  await expect(
    db
      .insert(users)
      .values({ ...second, login: 'ada' })
      .execute(),
  ).rejects.toMatchObject({ code: 'unique-violated' })
  await db.insert(users).values({ ...second, login: 'eve' })
  const desktop = { organisationId: 'o', title: 'x', createdAt: at }
  await db.insert(desktops).values({ ...desktop, id: 'd1', name: 'office' })
  await expect(
    db
      .insert(desktops)
      .values({ ...desktop, id: 'd2', name: 'office' })
      .execute(),
  ).rejects.toMatchObject({ code: 'unique-violated' })
  await db.insert(desktops).values({ ...desktop, id: 'd2', name: 'lab' })
})

test('nothing belongs to an organisation that is not there', async () => {
  const db = await openConsole()
  const { desktops } = db.tables
  const desktop = { id: 'd', name: 'office', title: 'x', createdAt: at }
  await expect(
    db
      .insert(desktops)
      .values({ ...desktop, organisationId: 'nobody' })
      .execute(),
  ).rejects.toMatchObject({ code: 'reference-violated' })
  await db.insert(desktops).values({ ...desktop, organisationId: 'o' })
})
