// SPDX-License-Identifier: Apache-2.0
//
// Clones of an instance, as real guests see them: each counts on its own disks how often it was started.
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { openOverlay } from '@casemate/engine/overlay'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeFullClone } from '../../session-host/clones/full-clone.ts'
import { deleteBase, freezeBase, makeLinkedClone } from '../../session-host/clones/linked-clone.ts'
import { uefiVariablesKey } from '../../session-host/instance-keys.ts'
import { lockInstance } from '../../session-host/instance-lock.ts'
import { ownDisk } from '../../session-host/own-disk.ts'
import { openOwnHardware } from '../../session-host/own-hardware.ts'
import { macOf } from '../../session-host/vm-network.ts'
import { type Cloneable, ClonedWorld } from './cloned-world.ts'

let world: ClonedWorld
beforeAll(async () => {
  world = await ClonedWorld.make()
})
afterAll(() => world.close())

const named = (name: string) => world.instance(name, 'v86')
const asNew = ({ plan, instanceKey }: Cloneable) => ({ instance: plan.instance, instanceKey })
const refused = (code: string) => expect.objectContaining({ code })
const placeOf = ({ plan, layout, instanceKey }: Cloneable) => ({ plan, layout: layout.instance(plan.instance), instanceKey })

async function disksOf({ plan, layout }: Cloneable): Promise<Readonly<Record<string, string>>> {
  const { disks } = layout.instance(plan.instance)
  const names = (await readdir(disks)).sort()
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, (await readFile(join(disks, name))).toString('base64')] as const)))
}

describe('a full clone', () => {
  it.each(['v86', 'qemu'] as const)(
    'of a %s instance goes on from where that is, each without the other, and opens under its own key',
    async (engine) => {
      const [original, clone] = [world.instance(`original-${engine}`, engine), world.instance(`clone-${engine}`, engine)]
      expect(await world.starts(original)).toBe(1)
      const before = await disksOf(original)
      await makeFullClone(original, asNew(clone))
      expect(await disksOf(original)).toEqual(before)
      const cloned = await disksOf(clone)
      expect(Object.keys(cloned)).toEqual(Object.keys(before))
      for (const [name, bytes] of Object.entries(cloned)) expect(bytes === before[name], name).toBe(false)
      await expect(world.starts({ ...clone, instanceKey: original.instanceKey })).rejects.toEqual(refused('overlay-mismatch'))
      expect([await world.starts(clone), await world.starts(original)]).toEqual([2, 2])
      expect(macOf(clone.plan.instance)).not.toBe(macOf(original.plan.instance))
      expect(await readdir(world.layout.instance(clone.plan.instance).folder)).toEqual(['disks'])
    },
  )

  it('has what the firmware remembers, under its own key, and never what a TPM holds', async () => {
    const [original, clone] = [world.instance('uefi', 'qemu', { firmware: 'uefi' }), world.instance('uefi-clone', 'qemu', { firmware: 'uefi' })]
    await world.starts(original)
    const { layout, plan, instanceKey, manifest } = original
    const runtimeFolder = await world.folder()
    const place = { layout: layout.instance(plan.instance), instanceKey, packageSha256: plan.package.sha256, runtimeFolder }
    await openOwnHardware(place, manifest.hardware)
    const withTpm = { ...original, manifest: { ...manifest, hardware: { ...manifest.hardware, tpm: '2.0' as const } } }
    await expect(makeFullClone(withTpm, asNew(clone))).rejects.toEqual(refused('clone-unsupported'))
    await makeFullClone(original, asNew(clone))
    const secrets = [original, clone].flatMap((one, at) => {
      const key = Buffer.from(uefiVariablesKey(one.instanceKey, one.plan.package.sha256)).toString('hex')
      return ['--object', `secret,id=k${at},data=${key}`]
    })
    const images = [original, clone].map((one, at) => {
      const file = one.layout.instance(one.plan.instance).uefiVariables(one.plan.package.sha256)
      return `driver=qcow2,file.filename=${file},encrypt.key-secret=k${at}`
    })
    const { stdout } = await promisify(execFile)('qemu-img', ['compare', ...secrets, '--image-opts', ...images])
    expect(stdout).toContain('Images are identical')
  })

  it('is refused while its original is open, suspended, discards its changes or was never started, and never takes the place of an instance', async () => {
    const [original, clone] = [named('busy'), named('busy-clone')]
    await expect(makeFullClone(original, asNew(clone))).rejects.toEqual(refused('clone-not-now'))
    await world.starts(original)
    const { lock, suspended } = world.layout.instance('busy')
    const unlock = await lockInstance(lock)
    await expect(makeFullClone(original, asNew(clone))).rejects.toEqual(refused('instance-busy'))
    await unlock()
    await writeFile(suspended(original.plan.package.sha256), 'state')
    await expect(makeFullClone(original, asNew(clone))).rejects.toEqual(refused('clone-not-now'))
    await rm(suspended(original.plan.package.sha256))
    const discarding = { ...original, plan: { ...original.plan, diskChanges: 'discarded' as const } }
    await expect(makeFullClone(discarding, asNew(clone))).rejects.toEqual(refused('clone-unsupported'))
    await expect(makeFullClone({ ...original, instanceKey: randomBytes(32) }, asNew(clone))).rejects.toEqual(refused('overlay-mismatch'))
    expect(await readdir(world.layout.instance('busy-clone').folder)).toEqual([])
    await makeFullClone(original, asNew(clone))
    await expect(makeFullClone(original, asNew(clone))).rejects.toEqual(refused('clone-exists'))
  })
})

describe('linked clones', () => {
  it('go on from what was frozen, each without the others and the original; a full clone of one needs no base', async () => {
    const [original, one, two, free] = [named('origin'), named('one'), named('two'), named('free')]
    expect([await world.starts(original), await world.starts(original, 'user')]).toEqual([1, 1])
    const base = await freezeBase(original)
    await makeLinkedClone(world.layout, base, asNew(one), original.plan.package)
    await makeLinkedClone(world.layout, base, asNew(two), original.plan.package)
    const frozen = world.layout.cloneBase(base.id)
    const before = await readFile(frozen.files.systemDisk('system', original.plan.package.sha256, 'v86'))
    expect([await world.starts(one), await world.starts(two), await world.starts(original)]).toEqual([2, 2, 2])
    expect([await world.starts(one, 'user'), await world.starts(original, 'user')]).toEqual([2, 2])
    expect((await readFile(frozen.files.systemDisk('system', original.plan.package.sha256, 'v86'))).equals(before)).toBe(true)
    const [disk] = one.manifest.disks
    if (disk === undefined) throw new Error('expected a disk')
    await expect(openOverlay({ ...ownDisk(placeOf(original), disk), key: base.key, base: null })).rejects.toEqual(refused('overlay-mismatch'))

    await expect(deleteBase(world.layout, base.id)).rejects.toEqual(refused('clone-base-in-use'))
    await makeFullClone(one, asNew(free))
    await rm(world.layout.instance('one').folder, { recursive: true })
    await expect(deleteBase(world.layout, base.id)).rejects.toEqual(refused('clone-base-in-use'))
    expect(await world.starts(two)).toBe(3)
    await rm(world.layout.instance('two').folder, { recursive: true })
    await deleteBase(world.layout, base.id)
    await expect(deleteBase(world.layout, base.id)).rejects.toEqual(refused('clone-base-unknown'))
    expect([await world.starts(free), await world.starts(free, 'user'), await world.starts(original)]).toEqual([3, 3, 3])
  })

  it('never show the package alone where their base is gone, and are refused of a QEMU instance, under another key, and in place of an instance', async () => {
    const [original, clone] = [named('lone'), named('lone-clone')]
    await world.starts(original)
    await expect(freezeBase({ ...original, plan: { ...original.plan, engine: 'qemu' } })).rejects.toEqual(refused('clone-unsupported'))
    const base = await freezeBase(original)
    const release = original.plan.package
    await expect(makeLinkedClone(world.layout, { ...base, key: randomBytes(32) }, asNew(clone), release)).rejects.toEqual(
      refused('clone-base-altered'),
    )
    await expect(makeLinkedClone(world.layout, base, asNew(original), release)).rejects.toEqual(refused('clone-exists'))
    await makeLinkedClone(world.layout, base, asNew(clone), release)
    const frozen = world.layout.cloneBase(base.id).files.userDisk('user', 'v86')
    const bytes = await readFile(frozen)
    await rm(frozen)
    await expect(world.starts(clone)).rejects.toEqual(refused('overlay-altered'))
    await writeFile(frozen, bytes)
    expect(await world.starts(clone)).toBe(2)
  })
})
