// SPDX-License-Identifier: Apache-2.0
//
// A desktop that is not open, over the real console and daemon: its snapshots are seen, deleted and brought back, and memory that cannot be
// gone on from is given up, where its policies and its password say so. Of sessions only the doors are real.
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { sealState } from '@casemate/engine/state-seal'
import { describe, expect, it, vi } from 'vitest'
import { openRules, publishDesktop } from '../../../console/test/console/world.ts'
import { layoutOf } from '../../layout.ts'
import { snapshotKey } from '../../session-host/instance-keys.ts'
import type { SnapshotOwner } from '../../session-host/snapshots/record.ts'
import { carryOutRevert, planRevert } from '../../session-host/snapshots/revert.ts'
import { takeSnapshot } from '../../session-host/snapshots/take.ts'
import { suspendedState } from '../../session-host/suspended-state.ts'
import { Computer, realWorld } from '../computer.ts'
import { machineAt, memoryOf, momentsOf, write } from './kept-instance.ts'

const instance = 'office'
const password = 'A first password 1'
const asked = { setting: 'authentication', value: { mode: 'password', minLength: 8, minClasses: 2, tries: 5, lockMinutes: 5 } }
const snapshots = (take: boolean, revert: boolean) => ({ setting: 'snapshots', value: { take, revert } })
const exit = (value: string) => ({ setting: 'exit', value })
const refused = (code: string) => expect.objectContaining({ blame: 'refused', code })

/** Started once and ended, with the key that its host was given. */
async function closed(rules: readonly object[], secret: string | null = null) {
  const [world, computer] = [await realWorld(), await Computer.fresh()]
  await publishDesktop(world, rules)
  await computer.enrol(world)
  await computer.call('activate', { desktop: instance, presented: null, password: secret })
  await computer.call('start', { instance, password: secret })
  const host = computer.hosts.at(-1)
  if (host === undefined) throw new Error('no host was started')
  await host.close()
  await vi.waitFor(async () => expect((await computer.call('status', {})).instances[0]?.session?.open).toBe(false), 30_000)
  const owner: SnapshotOwner = {
    plan: host.plan,
    layout: layoutOf(computer.data).instance(instance),
    instanceKey: host.keys.instanceKey,
  }
  await write(owner, 'then')
  const { id } = await takeSnapshot(owner, machineAt(owner, 'then'), 'before', 1000)
  await write(owner, 'now')
  const suspended = suspendedState(owner.plan, owner.layout, owner.instanceKey)
  // As the engines do, which bind it to their hardware too.
  const suspend = () => sealState({ ...suspended, binding: `${suspended.binding}|qemu|hardware` }, [Buffer.from('memory of now')])
  const states = async () => (await readdir(owner.layout.folder)).filter((name) => name.endsWith('.state'))
  const journal = () => readFile(layoutOf(computer.data).journal, 'utf8')
  const discard = () => computer.call('discardSaved', { instance, password: secret })
  return { computer, owner, id, suspend, suspended, states, journal, discard }
}

const alter = async (path: string) => writeFile(path, (await readFile(path)).subarray(0, -1))

describe('snapshots of a desktop that is not open', () => {
  it('are seen, deleted and brought back with its password alone, which is counted', async () => {
    const { computer, owner, id, journal, suspend, states } = await closed([asked, snapshots(true, true)], password)
    for (const wrong of ['A wrong password 1', null]) {
      await expect(computer.call('snapshots', { instance, password: wrong })).rejects.toEqual(refused('refused'))
      await expect(computer.call('snapshotPictures', { instance, password: wrong })).rejects.toEqual(refused('refused'))
      await expect(computer.call('revertSnapshot', { instance, snapshot: id, password: wrong })).rejects.toEqual(refused('refused'))
      await expect(computer.call('deleteSnapshot', { instance, snapshot: id, password: wrong })).rejects.toEqual(refused('refused'))
    }
    expect(JSON.parse(await readFile(owner.layout.record, 'utf8')).tries.failed).toBe(4)
    expect(await carryOutRevert(owner)).toBeNull()
    const shown = { snapshots: [{ id, name: 'before', fits: true }], current: id, take: true, revert: true }
    expect(await computer.call('snapshots', { instance, password })).toMatchObject(shown)
    expect(await computer.call('snapshotPictures', { instance, password })).toEqual({ pictures: [] })
    await suspend()
    await computer.call('revertSnapshot', { instance, snapshot: id, password })
    expect(await journal()).toContain(`"reverting":"${id}"`)
    // As the next launch does.
    const reverted = await carryOutRevert(owner)
    expect([await memoryOf(reverted), await momentsOf(owner), await states()]).toEqual(['then', 'then', []])
    await reverted?.done()
    expect(await computer.call('deleteSnapshot', { instance, snapshot: id, password })).toMatchObject({ snapshots: [] })
    expect(await journal()).toContain(`"snapshot-deleted":"${id}"`)
  })

  it('are refused by name where the policies allow neither, and the next start goes on from now', async () => {
    const { computer, owner, id } = await closed([...openRules])
    await expect(computer.call('revertSnapshot', { instance, snapshot: id, password: null })).rejects.toEqual(refused('snapshot-refused'))
    await expect(computer.call('deleteSnapshot', { instance, snapshot: id, password: null })).rejects.toEqual(refused('snapshot-refused'))
    expect(await computer.call('snapshots', { instance, password: null })).toMatchObject({ snapshots: [{ id }], take: false, revert: false })
    expect((await computer.call('list', {})).desktops[0]?.snapshots).toEqual({ take: false, revert: false })
    expect([await carryOutRevert(owner), await momentsOf(owner)]).toEqual([null, 'now'])
  })
})

describe('memory that a desktop would go on from', () => {
  it('is given up where it was altered, under a policy that keeps what is intact', async () => {
    const { suspend, suspended, states, journal, discard, computer } = await closed([...openRules, exit('suspend')])
    await expect(discard()).rejects.toEqual(refused('saved-state-none'))
    await suspend()
    await expect(discard()).rejects.toEqual(refused('saved-state-kept'))
    expect(await states()).toHaveLength(1)
    await alter(suspended.path)
    expect(await discard()).toEqual({ instance, discarded: ['suspended-state'] })
    expect([await states(), (await journal()).includes('"discarded":"suspended-state"')]).toEqual([[], true])
    await computer.call('start', { instance, password: null })
    await expect(discard()).rejects.toEqual(refused('session-open'))
  })

  it('is given up also intact where the policies let the user switch the desktop off, with its password', async () => {
    const { computer, suspend, states, discard } = await closed([asked, exit('user')], password)
    await suspend()
    await expect(computer.call('discardSaved', { instance, password: 'A wrong password 1' })).rejects.toEqual(refused('refused'))
    expect(await states()).toHaveLength(1)
    expect(await discard()).toMatchObject({ discarded: ['suspended-state'] })
    expect(await states()).toEqual([])
  })

  it('of a return that was begun is given up, and the disks are those of the snapshot', async () => {
    const { owner, id, discard } = await closed([...openRules, exit('suspend')])
    await planRevert(owner, id)
    await expect(discard()).rejects.toEqual(refused('saved-state-kept'))
    await alter(owner.layout.snapshot(id).state)
    expect(await discard()).toMatchObject({ discarded: ['snapshot-memory'] })
    expect([await carryOutRevert(owner), await momentsOf(owner)]).toEqual([null, 'then'])
  })

  it('goes with a note of a return that cannot be read, or whose snapshot cannot, and the disks stay', async () => {
    const { owner, id, discard } = await closed([...openRules, exit('suspend')])
    await planRevert(owner, id)
    await alter(owner.layout.snapshotHead)
    await expect(carryOutRevert(owner)).rejects.toMatchObject({ code: 'snapshot-altered' })
    expect(await discard()).toMatchObject({ discarded: ['snapshot-head'] })
    expect([await carryOutRevert(owner), await momentsOf(owner)]).toEqual([null, 'now'])
    await planRevert(owner, id)
    await sealState({ path: owner.layout.snapshot(id).record, key: snapshotKey(owner.instanceKey, id), binding: 'another' }, [Buffer.from('{}')])
    await alter(owner.layout.snapshot(id).state)
    expect(await discard()).toMatchObject({ discarded: ['snapshot-memory'] })
    expect([await carryOutRevert(owner), await momentsOf(owner)]).toEqual([null, 'now'])
  })
})
