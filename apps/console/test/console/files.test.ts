// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto'
import { proofHeader } from '@casemate/policy/protocol'
import { expect, it } from 'vitest'
import { revokeDevice } from '../../src/devices/suspend.ts'
import { readRepository } from '../../src/publish/repository.ts'
import { errorOf, ScriptedDevice, send } from './device.ts'
import { operator, publishDesktop, startWorld } from './world.ts'

it('serves an object to a device that proves itself, and to nobody else', async () => {
  const world = await startWorld()
  const { object } = await publishDesktop(world)
  const path = `/device/v1/objects/${object}`
  expect(errorOf(await send(world, path, { method: 'GET' }))).toEqual({ status: 401, code: 'proof-refused' })
  const stranger = await ScriptedDevice.make(world)
  expect(errorOf(await stranger.get(path))).toEqual({ status: 401, code: 'device-unknown' })
  const device = await ScriptedDevice.enrolled(world)
  const answer = await device.get(path)
  expect([answer.status, createHash('sha256').update(answer.bytes).digest('hex')]).toEqual([200, object])
  const { token } = await device.proof('GET', `/device/v1/objects/${'0'.repeat(64)}`, new Uint8Array())
  expect(errorOf(await send(world, path, { method: 'GET', headers: { [proofHeader]: token } }))).toEqual({ status: 401, code: 'proof-refused' })
})

it('answers the range that was asked for, and says when there is none', async () => {
  const world = await startWorld()
  const { object } = await publishDesktop(world)
  const device = await ScriptedDevice.enrolled(world)
  const path = `/device/v1/objects/${object}`
  const { bytes } = await device.get(path)
  const part = await device.get(path, { range: 'bytes=10-19' })
  expect([part.status, part.headers['content-range'], part.bytes]).toEqual([206, `bytes 10-19/${bytes.length}`, bytes.subarray(10, 20)])
  const behind = await device.get(path, { range: `bytes=${bytes.length}-` })
  expect([behind.status, behind.headers['content-range'], behind.bytes.length]).toEqual([416, `bytes */${bytes.length}`, 0])
})

it('serves metadata and targets under their names, also to a revoked device, which gets no objects', async () => {
  const world = await startWorld()
  const { object } = await publishDesktop(world)
  const device = await ScriptedDevice.enrolled(world)
  await revokeDevice(operator, world.console, device.id, 'lost')
  const { timestamp, roles } = await readRepository(world.console.repository)
  expect((await device.get('/device/v1/metadata/timestamp.json')).bytes).toEqual(Buffer.from(timestamp.bytes))
  const [path, file] = Object.entries(roles.get('releases')?.document.signed.targets ?? {})[0] ?? []
  const target = await device.get(`/device/v1/targets/${path?.replace('1.json', `${file?.hashes.sha256}.1.json`)}`)
  expect([target.status, target.bytes.length]).toEqual([200, file?.length])
  expect(errorOf(await device.get(`/device/v1/objects/${object}`))).toEqual({ status: 403, code: 'device-suspended' })
})

it('finds nothing under other names, wherever they point', async () => {
  const world = await startWorld()
  const device = await ScriptedDevice.enrolled(world)
  for (const path of [
    `/device/v1/objects/${'0'.repeat(64)}`,
    '/device/v1/objects/..%2fconsole.db',
    '/device/v1/metadata/9.root.json',
    '/device/v1/metadata/..%2f..%2fkeys%2fonline.json',
    '/device/v1/targets/keys/holders.json',
    '/device/v1/metadata/',
  ]) {
    expect([path, errorOf(await device.get(path))]).toEqual([path, { status: 404, code: 'not-found' }])
  }
  expect((await device.get('/device/v1/metadata/1.root.json')).status).toBe(200)
  expect(world.failures).toEqual([])
})
