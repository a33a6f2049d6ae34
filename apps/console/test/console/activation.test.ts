// SPDX-License-Identifier: Apache-2.0
import { openPackageKey } from '@casemate/policy/package-key'
import { encodeTemplate } from '@casemate/vm-package/customization'
import { parseManifest } from '@casemate/vm-package/manifest'
import { expect, it } from 'vitest'
import { limitActivations, newActivationKey, setActivationPassword } from '../../src/activation/secrets.ts'
import { readAudit } from '../../src/audit/read.ts'
import { revokeDevice } from '../../src/devices/suspend.ts'
import { listDesktopSecrets } from '../../src/releases/list-secrets.ts'
import { setDesktopSecret } from '../../src/releases/secrets.ts'
import { errorOf, ScriptedDevice } from './device.ts'
import { openRules, operator, publishDesktop, publishPackage, publishPolicy, publishRelease, startWorld } from './world.ts'

const asked = (activation: 'password' | 'key', instances = 1) => [
  ...openRules,
  { setting: 'activation', value: activation },
  { setting: 'activation-instances', value: instances },
]

it('wraps the package key only once activation is accepted, and only for this device', async () => {
  const world = await startWorld()
  const { key, sha256 } = await publishDesktop(world)
  const [device, other] = [await ScriptedDevice.enrolled(world), await ScriptedDevice.enrolled(world, { user: 'eve' })]
  await device.checkIn()
  expect(device.lease?.assign).toMatchObject([{ key: null }])
  expect((await device.activate(null)).status).toBe(200)
  const token = device.lease?.assign[0]?.key ?? ''
  expect(Buffer.from((await openPackageKey(token, device.key, sha256)).key)).toEqual(Buffer.from(key))
  await expect(openPackageKey(token, other.key, sha256)).rejects.toMatchObject({ code: 'token-key' })
  await other.checkIn()
  expect(other.lease?.assign).toMatchObject([{ key: null }])
})

it("brings a desktop's secrets with the package key, to an activated device only, and keeps none of them in clear", async () => {
  const world = await startWorld()
  const { sha256 } = await publishDesktop(world)
  const device = await ScriptedDevice.enrolled(world)
  await setDesktopSecret(operator, world.console, 'office', 'join', 'open sesame')
  await device.checkIn()
  expect(device.lease?.assign).toMatchObject([{ key: null }])
  expect((await device.activate(null)).status).toBe(200)
  const secrets = async () => (await openPackageKey(device.lease?.assign[0]?.key ?? '', device.key, sha256)).secrets
  expect(await secrets()).toEqual({ join: 'open sesame' })
  const { desktopSecrets } = world.console.db.tables
  const [row] = await world.console.db.select().from(desktopSecrets)
  expect(Buffer.from(row?.sealed ?? []).includes('open sesame')).toBe(false)

  await setDesktopSecret(operator, world.console, 'office', 'join', 'another')
  await setDesktopSecret(operator, world.console, 'office', 'pin', '1')
  await device.checkIn()
  expect(await secrets()).toEqual({ join: 'another', pin: '1' })
  for (const [name, value] of [
    ['Join', 'x'],
    ['join', ''],
    ['join', 'x'.repeat(1025)],
  ] as const) {
    await expect(setDesktopSecret(operator, world.console, 'office', name, value)).rejects.toMatchObject({ code: 'input-invalid' })
  }
  await expect(setDesktopSecret(operator, world.console, 'nowhere', 'join', 'x')).rejects.toMatchObject({ code: 'not-found' })
  await setDesktopSecret(operator, world.console, 'office', 'join', null)
  await device.checkIn()
  expect(await secrets()).toEqual({ pin: '1' })
  const { entries } = await readAudit(operator, world.console)
  expect(JSON.stringify(entries)).not.toContain('another')
})

it("names the secrets that a desktop's package asks for and those that are set, never a value", async () => {
  const world = await startWorld()
  const text = 'pw: %secret(join)% %secret(pin)%'
  await publishPackage(world, '1', null, undefined, encodeTemplate([{ name: 'unattend.xml', text }]))
  await publishPolicy(world, '1', openRules)
  await publishRelease(world, '1')
  const list = () => listDesktopSecrets(operator, world.console, 'office')
  const [join, pin] = [
    { name: 'join', asked: true, setAt: null },
    { name: 'pin', asked: true, setAt: null },
  ]
  expect(await list()).toEqual({ secrets: [join, pin], readable: true })
  await setDesktopSecret(operator, world.console, 'office', 'join', 'open sesame')
  await setDesktopSecret(operator, world.console, 'office', 'old', 'x')
  const set = { secrets: [{ ...join, setAt: world.now }, { name: 'old', asked: false, setAt: world.now }, pin], readable: true }
  expect(await list()).toEqual(set)
  await setDesktopSecret(operator, world.console, 'office', 'old', null)
  expect(await list()).toEqual({ secrets: [{ ...join, setAt: world.now }, pin], readable: true })

  const { packages } = world.console.db.tables
  const [row] = await world.console.db.select({ manifest: packages.manifest }).from(packages)
  await world.console.objects.delete(parseManifest(row?.manifest ?? Buffer.of()).customization?.sha256 ?? '')
  expect(await list()).toEqual({ secrets: [{ name: 'join', asked: false, setAt: world.now }], readable: false })
  await expect(listDesktopSecrets(operator, world.console, 'nowhere')).rejects.toMatchObject({ code: 'not-found' })
})

it('refuses a wrong password and a missing one, and takes the right one', async () => {
  const world = await startWorld()
  await publishDesktop(world, asked('password'))
  await setActivationPassword(operator, world.console, 'office', 'open sesame')
  const device = await ScriptedDevice.enrolled(world)
  const refused = { status: 403, code: 'activation-refused' }
  expect(errorOf(await device.activate('open barley'))).toEqual(refused)
  expect(errorOf(await device.activate(null))).toEqual(refused)
  await device.checkIn()
  expect(device.lease?.assign).toMatchObject([{ key: null }])
  expect((await device.activate('open sesame')).status).toBe(200)
  expect(device.lease?.assign[0]?.key).not.toBeNull()
  const actions = (await readAudit(operator, world.console)).entries.map(({ action }) => action)
  expect(actions.filter((action) => action.startsWith('activation.') || action === 'desktop.activated')).toEqual([
    'activation.refused',
    'activation.refused',
    'desktop.activated',
  ])
})

it('uses a key as often as it may be, however it is typed, and not at all for an activation that is repeated', async () => {
  const world = await startWorld()
  await publishDesktop(world, asked('key'))
  const key = await newActivationKey(operator, world.console, 'office', 1)
  const [first, second] = [await ScriptedDevice.enrolled(world, { user: 'ada' }), await ScriptedDevice.enrolled(world, { user: 'bob' })]
  expect(errorOf(await first.activate('AAAAA-AAAAA-AAAAA-AAAAA-AAAAA'))).toEqual({ status: 403, code: 'activation-used-up' })
  expect((await first.activate(key.toLowerCase().replaceAll('-', ' '))).status).toBe(200)
  expect((await first.activate(key)).status).toBe(200)
  expect(errorOf(await second.activate(key))).toEqual({ status: 403, code: 'activation-used-up' })
  const fresh = await newActivationKey(operator, world.console, 'office', 1)
  expect((await second.activate(fresh)).status).toBe(200)
})

it('lets a key with one use through once when two devices present it together', async () => {
  const world = await startWorld()
  await publishDesktop(world, asked('key'))
  const key = await newActivationKey(operator, world.console, 'office', 1)
  const devices = [await ScriptedDevice.enrolled(world, { user: 'ada' }), await ScriptedDevice.enrolled(world, { user: 'bob' })]
  const answers = await Promise.all(devices.map((device) => device.activate(key)))
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 403])
})

it('counts the instances of a user over all devices, and the activations of a desktop over all users', async () => {
  const world = await startWorld()
  await publishDesktop(world)
  const [first, second] = [await ScriptedDevice.enrolled(world), await ScriptedDevice.enrolled(world)]
  const other = await ScriptedDevice.enrolled(world, { user: 'ada' })
  expect((await first.activate(null)).status).toBe(200)
  expect(errorOf(await second.activate(null))).toEqual({ status: 403, code: 'activation-used-up' })
  await limitActivations(operator, world.console, 'office', 1)
  expect(errorOf(await other.activate(null))).toEqual({ status: 403, code: 'activation-used-up' })
  await limitActivations(operator, world.console, 'office', 2)
  expect((await other.activate(null)).status).toBe(200)
  // Who counts already is not counted again, whatever became of the activation on the device.
  expect((await first.activate(null)).status).toBe(200)
  expect((await other.activate(null)).status).toBe(200)
})

it('refuses a desktop that is not assigned, an instance of another desktop, and a revoked device', async () => {
  const world = await startWorld()
  await publishDesktop(world)
  const device = await ScriptedDevice.enrolled(world)
  expect(errorOf(await device.activate(null, 'x', 'nowhere'))).toEqual({ status: 404, code: 'not-assigned' })
  expect((await device.activate(null)).status).toBe(200)
  await revokeDevice(operator, world.console, device.id, 'lost')
  expect(errorOf(await device.activate(null))).toEqual({ status: 403, code: 'device-suspended' })
  await device.checkIn()
  expect(device.lease).toMatchObject({ action: 'suspend', assign: [{ key: null }] })
})

it('gives the key of the new package with a new release, without another activation', async () => {
  const world = await startWorld()
  await publishDesktop(world)
  const device = await ScriptedDevice.enrolled(world)
  await device.activate(null)
  const { key, sha256 } = await publishPackage(world, '2')
  await publishRelease(world, '1', '2')
  await device.checkIn()
  const token = device.lease?.assign[0]?.key ?? ''
  expect(Buffer.from((await openPackageKey(token, device.key, sha256)).key)).toEqual(Buffer.from(key))
})

it('activates for the users and groups that the policies list, and for nobody else', async () => {
  const world = await startWorld()
  const listed = { mode: 'listed', allOf: [{ users: ['ada'], groups: [] }] }
  await publishDesktop(world, [...openRules, { setting: 'activation-users', value: listed }])
  const [ada, eve] = [await ScriptedDevice.enrolled(world, { user: 'ada' }), await ScriptedDevice.enrolled(world, { user: 'eve' })]
  expect(errorOf(await eve.activate(null))).toEqual({ status: 403, code: 'activation-not-for-user' })
  await eve.checkIn()
  expect(eve.lease?.assign).toMatchObject([{ key: null }])
  expect((await ada.activate(null)).status).toBe(200)
  expect(ada.lease?.assign[0]?.key).not.toBeNull()
  const [entry] = (await readAudit(operator, world.console)).entries.filter(({ action }) => action === 'activation.refused')
  expect(entry?.details).toMatchObject({ code: 'activation-not-for-user' })
})
