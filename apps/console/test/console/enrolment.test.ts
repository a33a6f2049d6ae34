// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto'
import { verifyTimeAnswer } from '@casemate/policy/clock'
import { routes } from '@casemate/policy/protocol'
import { expect, it } from 'vitest'
import { listDevices } from '../../src/devices/list.ts'
import { errorOf, ScriptedDevice, send } from './device.ts'
import { newCode, onlineKeys, operator, organisation, startWorld } from './world.ts'

it('takes a device with the right code, and gives it its first lease and signed time for its own question', async () => {
  const world = await startWorld()
  const device = await ScriptedDevice.make(world)
  const answer = await device.enrol(await newCode(world, { user: 'ada', groups: ['staff', 'lab'], tags: ['kiosk'] }))
  expect([answer.status, answer.body.organisation, answer.body.title]).toEqual([200, organisation, 'Acme Ltd'])
  const lease = await device.take(answer.body.lease, device.enrolmentNonce)
  expect(lease).toMatchObject({ seq: 1, action: 'run', assign: [], iat: world.now, exp: world.now + 86_400 })
  expect(lease.claims).toEqual({ user: 'ada', groups: ['staff', 'lab'], tags: ['kiosk'], assurance: 'software' })
  const question = { keys: await onlineKeys(world), issuer: organisation, nonce: device.enrolmentNonce }
  expect(await verifyTimeAnswer(answer.body.time, question)).toBe(world.now)
  expect(await listDevices(operator, world.console)).toMatchObject([{ id: device.id, name: 'laptop', user: 'ada', state: 'active' }])
})

it('introduces its organisation to whoever holds a code, and to nobody else', async () => {
  const world = await startWorld()
  const { secret } = await newCode(world)
  const ask = (text: string) =>
    send(world, routes.introduce.path, { body: JSON.stringify({ secretSha256: createHash('sha256').update(text).digest('hex') }) })
  const answer = await ask(secret)
  expect([answer.status, JSON.parse(answer.bytes.toString())]).toEqual([200, { organisation, title: 'Acme Ltd', contact: 'help@acme.example' }])
  expect(errorOf(await ask('ab'.repeat(16)))).toEqual({ status: 403, code: 'enrolment-refused' })
})

it('takes no word of a device for where its key is', async () => {
  const world = await startWorld()
  const device = await ScriptedDevice.make(world)
  const code = await newCode(world)
  expect(errorOf(await device.enrol(code, { assurance: 'tpm' }))).toEqual({ status: 403, code: 'enrolment-refused' })
  const answer = await device.enrol(code)
  expect((await device.take(answer.body.lease, device.enrolmentNonce)).claims.assurance).toBe('software')
})

it('refuses a code that it never made, and takes the one that it made', async () => {
  const world = await startWorld()
  const device = await ScriptedDevice.make(world)
  expect(errorOf(await device.enrol({ secret: 'ab'.repeat(16) }))).toEqual({ status: 403, code: 'enrolment-refused' })
  expect((await device.enrol(await newCode(world))).status).toBe(200)
})

it('refuses an expired code, and takes it one second earlier', async () => {
  const world = await startWorld()
  const [early, late] = [await newCode(world, { lifetimeSeconds: 60 }), await newCode(world, { lifetimeSeconds: 60 })]
  world.now += 59
  expect((await (await ScriptedDevice.make(world)).enrol(early)).status).toBe(200)
  world.now += 1
  const device = await ScriptedDevice.make(world)
  expect(errorOf(await device.enrol(late))).toEqual({ status: 403, code: 'enrolment-expired' })
})

it('takes a code once: a second device is refused, the same one may ask again for its lost answer', async () => {
  const world = await startWorld()
  const code = await newCode(world)
  const [first, second] = [await ScriptedDevice.make(world), await ScriptedDevice.make(world)]
  expect((await first.enrol(code)).status).toBe(200)
  expect(errorOf(await second.enrol(code))).toEqual({ status: 403, code: 'enrolment-used' })
  const again = await first.enrol(code)
  expect((await first.take(again.body.lease, first.enrolmentNonce)).seq).toBe(2)
  expect(await listDevices(operator, world.console)).toHaveLength(1)
})

it('refuses a token of another secret, and one that another key signed', async () => {
  const world = await startWorld()
  const code = await newCode(world)
  const [device, other] = [await ScriptedDevice.make(world), await ScriptedDevice.make(world)]
  const refused = { status: 403, code: 'enrolment-refused' }
  expect(errorOf(await device.enrol(code, { secretSha256: 'ab'.repeat(32) }))).toEqual(refused)
  expect(errorOf(await device.enrol(code, { publicJwk: other.key.publicJwk }))).toEqual(refused)
  expect((await device.enrol(code)).status).toBe(200)
})
