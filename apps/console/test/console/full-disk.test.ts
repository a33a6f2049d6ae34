// SPDX-License-Identifier: Apache-2.0
//
// The console's data folder on a disk that fills up: whoever writes is told why, nothing that was acknowledged is lost, reading goes on, and
// the same call succeeds once there is room, without a restart.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { callOperator } from '../../cli/operator-call.ts'
import { readWaiting } from '../../src/approvals/review.ts'
import { readAudit } from '../../src/audit/read.ts'
import { findPending } from '../../src/publish/pending.ts'
import { readRepository } from '../../src/publish/repository.ts'
import { type SmallDisk, smallDisk } from '../small-disk.ts'
import { errorOf, ScriptedDevice } from './device.ts'
import { copyData, openRules, operator, startWorld, type World } from './world.ts'

const grown = 96

async function worldOnSmallDisk(): Promise<{ readonly world: World; readonly disk: SmallDisk }> {
  const folder = await mkdtemp(join(tmpdir(), 'casemate-full-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const disk = await smallDisk(join(folder, 'small'), 32)
  const data = join(folder, 'small', 'org')
  await copyData(data)
  return { world: await startWorld({ data }), disk }
}

/** Through the operator's socket, as `casemate-admin` does. */
const ask = async (world: World, call: string, body: object) => (await callOperator(world.data, call, body, z.unknown())).raw

const full = { code: 'storage-full', message: expect.stringContaining('make room') }
const codeFor = { user: 'bob', groups: [], tags: [], lifetimeSeconds: 60 }
const madeCode = z.object({ id: z.string() })
const madeIn = async (world: World) =>
  (await readAudit(operator, world.console)).entries.filter(({ action }) => action === 'enrolment-code.made').map(({ subject }) => subject)

it('refuses a record by name, keeps and shows every one before it, and takes the same one once there is room', async () => {
  const { world, disk } = await worldOnSmallDisk()
  await disk.fill()
  const made: string[] = []
  const makeOne = async () => made.push(madeCode.parse(await ask(world, 'new-code', codeFor)).id)
  // The write-ahead log may have room of its own left.
  const untilFull = async () => {
    for (let tries = 0; tries < 2000; tries += 1) await makeOne()
  }
  await expect(untilFull()).rejects.toMatchObject(full)
  await expect(makeOne()).rejects.toMatchObject(full)
  expect(await madeIn(world)).toEqual(made)
  expect(await ask(world, 'list-users', {})).toEqual({ users: [] })

  disk.grow(grown)
  await makeOne()
  expect(await madeIn(world)).toEqual(made)
})

it('refuses to put forward and to approve before anything is changed, and does both once there is room', async () => {
  const { world, disk } = await worldOnSmallDisk()
  const { repository } = world.console
  const policy = (version: string) => ({
    yaml: JSON.stringify({ format: 'casemate-policy-1', name: 'base', version, minRuntime: '0.1.0', rules: openRules }),
  })
  await disk.fill()
  const before = (await readRepository(repository)).timestamp.bytes
  await expect(ask(world, 'stage-policy', policy('1'))).rejects.toMatchObject(full)
  expect(await findPending(repository, 'policies')).toBeUndefined()
  await disk.empty()
  expect(await ask(world, 'stage-policy', policy('1'))).toMatchObject({ path: 'policies/base/1.json' })

  const { review } = await readWaiting(operator, world.console, 'policies')
  const signature = { keyid: world.approver.keyId, sig: Buffer.from(await world.approver.sign(review.bytes)).toString('hex') }
  const approval = { role: 'policies', reviewed: review.sha256, signature }
  // Room for some of its files, and not for all of them and their records.
  for (const free of [0, 4096, 16_384, 65_536]) {
    await disk.fill(free)
    await expect(ask(world, 'approve', approval)).rejects.toMatchObject(full)
    await disk.empty()
  }
  await disk.fill()
  expect((await findPending(repository, 'policies'))?.document.signatures).toEqual([])
  expect((await readRepository(repository)).timestamp.bytes).toEqual(before)
  expect(await ask(world, 'list-pending', {})).toMatchObject({ pending: [{ role: 'policies' }] })

  disk.grow(grown)
  expect(await ask(world, 'approve', approval)).toMatchObject({ published: [{ role: 'policies' }] })
  expect((await readRepository(repository)).roles.get('policies')?.document.signed.targets).toHaveProperty(['policies/base/1.json'])
})

it('tells a device to come again, and gives it its next lease once there is room', async () => {
  const { world, disk } = await worldOnSmallDisk()
  const device = await ScriptedDevice.enrolled(world)
  await disk.fill()
  let answer = await device.checkIn()
  for (let tries = 0; answer.status === 200 && tries < 2000; tries += 1) answer = await device.checkIn()
  expect(errorOf(answer)).toEqual({ status: 503, code: 'unavailable' })
  expect(world.failures).toContainEqual(expect.objectContaining(full))
  const { seq } = device.floors

  disk.grow(grown)
  expect((await device.checkIn({}, { unanswered: answer.nonce })).status).toBe(200)
  expect(device.floors.seq).toBe(seq + 1)
  expect(device.lease?.action).toBe('run')
})
