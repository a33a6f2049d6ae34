// SPDX-License-Identifier: Apache-2.0
//
// What is asked of a fleet: why a device has its settings, and what a policy would change before anybody puts it forward.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { settingNames } from '@casemate/policy/settings'
import { expect, it } from 'vitest'
import { explainDevice } from '../../src/devices/explain.ts'
import { previewPolicy } from '../../src/policies/preview.ts'
import { stagePolicy } from '../../src/policies/stage.ts'
import { unassignDesktop } from '../../src/releases/assign.ts'
import { stageRelease } from '../../src/releases/stage.ts'
import { admin } from '../cli/admin.ts'
import { ScriptedDevice } from './device.ts'
import { approveRole, openRules, operator, publishDesktop, publishRelease, startWorld, type World } from './world.ts'

const policy = (name: string, version: string, rules: readonly object[], minRuntime = '0.1.0') =>
  JSON.stringify({ format: 'casemate-policy-1', name, version, minRuntime, rules })
const memory = (maxMiB: number, more: object = {}) => ({ setting: 'memory', value: { maxMiB }, ...more })
const network = { setting: 'network', value: { mode: 'listed', allow: [{ protocol: 'tcp', cidr: '192.0.2.0/24', ports: null }] } }
const office = { desktop: 'office', title: 'Office', package: { name: 'demo', version: '1' } }

/** A group layer above the organisation's. */
async function publishStaffLayer(world: World): Promise<void> {
  await stagePolicy(operator, world.console, policy('staff', '1', [memory(128, { locked: true }), memory(64, { when: { tags: ['lab'] } })]))
  await approveRole(world, 'policies')
  const base = { layer: 'organisation' as const, selector: null, name: 'base', version: '1' }
  await stageRelease(operator, world.console, {
    ...office,
    layers: [base, { layer: 'group', selector: { group: 'staff' }, name: 'staff', version: '1' }],
  })
  await approveRole(world, 'releases')
}

it('explains every setting of a device, with the rule that decides and those that lost', async () => {
  const world = await startWorld()
  await publishDesktop(world, [...openRules, memory(256)])
  await publishStaffLayer(world)
  const [staff, guest] = [await ScriptedDevice.enrolled(world), await ScriptedDevice.enrolled(world, { groups: ['guests'] })]
  const memoryOf = async ({ id }: ScriptedDevice) => {
    const { settings, serial } = await explainDevice(operator, world.console, { device: id, desktop: 'office' })
    expect(serial).toBe(2)
    expect(settings.map(({ setting }) => setting)).toEqual(settingNames)
    return settings.find(({ setting }) => setting === 'memory')
  }
  expect(await memoryOf(staff)).toMatchObject({
    ...{ words: 'at most 128 MiB', value: { maxMiB: 128 } },
    from: [{ layer: 'group', path: 'policies/staff/1.json', rule: 0, locked: true, when: null }],
    lost: [
      { layer: 'organisation', rule: 1, because: 'outvoted' },
      { layer: 'group', rule: 1, because: 'condition', when: 'with tag `lab`' },
    ],
  })
  expect(await memoryOf(guest)).toMatchObject({
    words: 'at most 256 MiB',
    from: [{ layer: 'organisation' }],
    lost: [{ because: 'other-device' }, {}],
  })
})

it('explains nothing of a desktop that a device does not have, nor of a device that is not there', async () => {
  const world = await startWorld()
  await publishDesktop(world)
  const { id } = await ScriptedDevice.enrolled(world)
  const asked = (device: string, desktop: string) => explainDevice(operator, world.console, { device, desktop })
  const missing = { code: 'not-found' }
  await expect(asked(id, 'lab')).rejects.toMatchObject(missing)
  await expect(asked('d-nobody', 'office')).rejects.toMatchObject(missing)
  await expect(asked(id, 'office')).resolves.toMatchObject({ serial: 1, refused: [] })
  await unassignDesktop(operator, world.console, 'office', { subject: 'all', value: '' })
  await expect(asked(id, 'office')).rejects.toMatchObject(missing)
})

it('says before a policy is put forward what each device of each desktop that uses it gains or loses', async () => {
  const world = await startWorld()
  await publishDesktop(world, [...openRules, memory(256)])
  await publishRelease(world, '1', '1', 'lab')
  await stageRelease(operator, world.console, { ...office, desktop: 'kiosk', layers: [] })
  await approveRole(world, 'releases')
  const { id } = await ScriptedDevice.enrolled(world)
  const preview = (text: string) => previewPolicy(operator, world.console, text)
  const changed = await preview(policy('base', '2', [...openRules, memory(512)]))
  expect(changed).toMatchObject({ name: 'base', version: '2', desktops: [{ desktop: 'lab', devices: [], impact: [] }, { desktop: 'office' }] })
  expect(changed.desktops[1]).toMatchObject({
    ...{ follows: 1, versions: ['1'], devices: [{ device: id, name: 'laptop' }] },
    impact: [{ device: id, package: 'same', changes: [{ setting: 'memory', direction: 'loosened' }], refused: { before: [], after: [] } }],
  })
  expect((await preview(policy('base', '2', [...openRules, memory(256)]))).desktops[1]?.impact).toEqual([])
  expect((await preview(policy('unused', '1', [memory(1024)]))).desktops).toEqual([])
  await expect(preview(policy('base', '2', [{ setting: 'colour', value: 1 }]))).rejects.toMatchObject({ code: 'policy-invalid' })
})

it('says which devices would be refused: by what they reported of their engines, their runtime, and when they were activated', async () => {
  const world = await startWorld()
  await publishDesktop(world)
  const [able, unable, silent] = [await ScriptedDevice.enrolled(world), await ScriptedDevice.enrolled(world), await ScriptedDevice.enrolled(world)]
  await able.activate(null)
  const facts = (device: ScriptedDevice) => device.checkInBody().facts
  await able.checkIn({ facts: { ...facts(able), engines: [{ name: 'qemu', capabilities: ['network:listed'] }] } })
  await unable.checkIn({ facts: { ...facts(unable), engines: [{ name: 'v86', capabilities: [] }] } })
  const refused = async (rules: readonly object[], minRuntime?: string) => {
    const { desktops } = await previewPolicy(operator, world.console, policy('base', '2', [...openRules, ...rules], minRuntime))
    const codes = desktops.flatMap(({ impact }) => impact.map(({ device, refused: { after } }) => [device, after.map(({ code }) => code).join()]))
    return [able, unable, silent].map(({ id }) => Object.fromEntries(codes)[id])
  }
  expect(await refused([network])).toEqual(['', 'capability-missing', ''])
  expect(await refused([], '9.0.0')).toEqual(['runtime-too-old', 'runtime-too-old', 'runtime-too-old'])
  world.now += 86_400
  expect(await refused([{ setting: 'expiry', value: { afterDays: 1, lastDay: null, warnDays: 0 } }])).toEqual(['instance-expired', '', ''])
  expect(await refused([{ setting: 'expiry', value: { afterDays: 2, lastDay: null, warnDays: 0 } }])).toEqual(['', '', ''])
  expect((await explainDevice(operator, world.console, { device: able.id, desktop: 'office' })).refused).toEqual([])

  const file = join(world.data, 'policy.yaml')
  await writeFile(file, policy('base', '2', [...openRules, memory(64), network]))
  const { stdout } = await admin(['policy', 'impact', '--file', file, '--data', world.data])
  const lines = stdout.split('\n')
  expect(lines.slice(0, 2)).toEqual(['office, release 1: base 1 → 2', expect.stringMatching(/^ {2}laptop \(d-[0-9a-f]+\)$/)])
  expect(lines).toContain('    loosened network: none → only tcp 192.0.2.0/24')
  const at = lines.indexOf('    tightened memory: what the machine asks for → at most 64 MiB')
  expect(lines[at + 1]).toBe('        maxMiB: null → 64')
  expect(stdout).toContain('    would be refused (capability-missing): `v86` cannot enforce `network:listed`, which the policy needs.\n')
})
