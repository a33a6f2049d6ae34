// SPDX-License-Identifier: Apache-2.0
//
// The snapshots of an instance: taken, brought back, renamed, deleted, and what belongs elsewhere or was altered.
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { deleteSnapshot, renameSnapshot } from '../../session-host/snapshots/change.ts'
import type { SnapshotOwner } from '../../session-host/snapshots/record.ts'
import { carryOutRevert, planRevert } from '../../session-host/snapshots/revert.ts'
import { takeSnapshot } from '../../session-host/snapshots/take.ts'
import { readTree } from '../../session-host/snapshots/tree.ts'
import { machineAt, memoryOf, momentsOf, ownerIn, write } from './kept-instance.ts'

let data: string
let owner: SnapshotOwner
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'snapshots-'))
  owner = ownerIn(data)
})
afterEach(() => rm(data, { recursive: true }))

let now = 1000
async function take(moment: string): Promise<string> {
  await write(owner, moment)
  now += 1
  return (await takeSnapshot(owner, machineAt(owner, moment), `at ${moment}`, now)).id
}

async function revert(id: string): Promise<string> {
  await planRevert(owner, id)
  const reverted = await carryOutRevert(owner)
  const memory = await memoryOf(reverted)
  await reverted?.done()
  return memory
}

const shape = async () => {
  const { snapshots, current } = await readTree(owner)
  const nameOf = (id: string | null) => snapshots.find((snapshot) => snapshot.id === id)?.name ?? null
  return { tree: snapshots.map(({ name, parent }) => [name, nameOf(parent)]), current: nameOf(current) }
}

describe('snapshots', () => {
  it('bring back disks and memory of one moment, whichever is asked for, as often as it is', async () => {
    const [first, second] = [await take('one'), await take('two')]
    await write(owner, 'three')
    expect([await revert(first), await momentsOf(owner)]).toEqual(['one', 'one'])
    await write(owner, 'four')
    expect([await revert(second), await momentsOf(owner)]).toEqual(['two', 'two'])
    await write(owner, 'five')
    expect([await revert(first), await momentsOf(owner)]).toEqual(['one', 'one'])
    expect(await carryOutRevert(owner)).toBeNull()
  })

  it('leave the disks alone where none is brought back', async () => {
    await take('one')
    await write(owner, 'two')
    expect(await carryOutRevert(owner)).toBeNull()
    expect(await momentsOf(owner)).toBe('two')
  })

  it('are a tree: a snapshot comes from what its disks came from', async () => {
    expect(await shape()).toEqual({ tree: [], current: null })
    const first = await take('one')
    await take('two')
    await revert(first)
    expect((await shape()).current).toBe('at one')
    await take('three')
    expect(await shape()).toEqual({
      tree: [
        ['at one', null],
        ['at two', 'at one'],
        ['at three', 'at one'],
      ],
      current: 'at three',
    })
  })

  it('are deleted with their room, and those taken after one stay usable and come from what it came from', async () => {
    const [, second, third] = [await take('one'), await take('two'), await take('three')]
    await deleteSnapshot(owner, second)
    expect(await shape()).toEqual({
      tree: [
        ['at one', null],
        ['at three', 'at one'],
      ],
      current: 'at three',
    })
    await deleteSnapshot(owner, third)
    expect((await shape()).current).toBe('at one')
    const last = await take('four')
    expect((await shape()).tree).toEqual([
      ['at one', null],
      ['at four', 'at one'],
    ])
    await write(owner, 'five')
    expect([await revert(last), await momentsOf(owner)]).toEqual(['four', 'four'])
    expect((await readdir(owner.layout.snapshots)).filter((name) => name !== 'head.sealed')).toHaveLength(2)
    await expect(deleteSnapshot(owner, third)).rejects.toMatchObject({ code: 'snapshot-unknown' })
  })

  it('keep the current place right when one that was gone back to is deleted while there is a newer one', async () => {
    const [first, second] = [await take('one'), await take('two')]
    await revert(second)
    await take('three')
    await deleteSnapshot(owner, second)
    expect(await shape()).toEqual({
      tree: [
        ['at one', null],
        ['at three', 'at one'],
      ],
      current: 'at three',
    })
    await revert(first)
    await deleteSnapshot(owner, first)
    expect(await shape()).toEqual({ tree: [['at three', null]], current: null })
  })

  it('take another name', async () => {
    const id = await take('one')
    await renameSnapshot(owner, id, 'before the update')
    expect((await shape()).tree).toEqual([['before the update', null]])
    await expect(renameSnapshot(owner, '0'.repeat(16), 'x')).rejects.toMatchObject({ code: 'snapshot-unknown' })
  })

  it('are sparse where the disks are', async () => {
    const id = await take('one')
    const copy = join(owner.layout.snapshot(id).disks, 'user-d.xts')
    const { size, blocks } = await stat(copy)
    expect(size).toBe(3 << 20)
    expect(blocks * 512).toBeLessThan(1 << 20)
  })

  it('leave what is no disk as it is now: wrong tries and password, releases, lock, TPM', async () => {
    const { record, history, customization, lock, tpm } = owner.layout
    const others = [record, history, customization, lock, join(tpm, 'tpm2-00.permall')]
    const say = async (word: string) => {
      await mkdir(tpm, { recursive: true })
      for (const path of others) await writeFile(path, word)
    }
    await mkdir(owner.layout.folder, { recursive: true })
    await say('then')
    const id = await take('one')
    await say('now')
    await write(owner, 'two')
    await revert(id)
    expect(await momentsOf(owner)).toBe('one')
    expect(await Promise.all(others.map((path) => readFile(path, 'utf8')))).toEqual(others.map(() => 'now'))
    for (const path of others) expect((await readdir(owner.layout.snapshot(id).folder, { recursive: true })).includes(basename(path))).toBe(false)
  })

  it('hold no word in clear: not of the memory, not of the name', async () => {
    const id = await take('secretmoment')
    const { record, state } = owner.layout.snapshot(id)
    for (const path of [record, state]) expect((await readFile(path)).includes('secretmoment')).toBe(false)
  })
})

describe('what belongs elsewhere', () => {
  it('is not gone back to under another release; under its own it is', async () => {
    const id = await take('one')
    const updated = ownerIn(data, 'b'.repeat(64))
    await expect(planRevert(updated, id)).rejects.toMatchObject({ code: 'snapshot-foreign' })
    await expect(planRevert(owner, id)).resolves.toBeUndefined()
  })

  it('does not open under another instance key, and can be deleted', async () => {
    const id = await take('one')
    const stranger = ownerIn(data, 'a'.repeat(64), new Uint8Array(32).fill(8))
    expect(await readTree(stranger)).toMatchObject({ snapshots: [], unreadable: [id] })
    await expect(planRevert(stranger, id)).rejects.toMatchObject({ code: 'snapshot-altered' })
    expect((await readTree(owner)).snapshots).toHaveLength(1)
    await deleteSnapshot(stranger, id)
    expect(await readTree(stranger)).toMatchObject({ snapshots: [], unreadable: [] })
  })

  it('is a memory that was put into another snapshot, and a snapshot under the name of another', async () => {
    const [first, second] = [await take('one'), await take('two')]
    const [one, two] = [owner.layout.snapshot(first), owner.layout.snapshot(second)]
    await cp(one.state, `${one.state}.kept`)
    await cp(two.state, one.state)
    await planRevert(owner, first)
    const swapped = await carryOutRevert(owner)
    await expect(memoryOf(swapped)).rejects.toMatchObject({ code: 'state-altered' })
    await rename(`${one.state}.kept`, one.state)
    expect(await memoryOf(await carryOutRevert(owner))).toBe('one')
    await rename(one.folder, `${one.folder}.kept`)
    await cp(two.folder, one.folder, { recursive: true })
    expect(await readTree(owner)).toMatchObject({ unreadable: [first] })
  })

  it('is a record that was altered: it is told, the others stay usable', async () => {
    const [first, second] = [await take('one'), await take('two')]
    const { record } = owner.layout.snapshot(first)
    const bytes = await readFile(record)
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
    await writeFile(record, bytes)
    expect(await readTree(owner)).toMatchObject({ snapshots: [{ id: second }], unreadable: [first] })
    await expect(planRevert(owner, first)).rejects.toMatchObject({ code: 'snapshot-altered' })
    expect(await revert(second)).toBe('two')
  })

  it('is a release that was chosen while a revert was broken off: its disks come back, its memory does not', async () => {
    const id = await take('one')
    await write(owner, 'two')
    await planRevert(owner, id)
    const updated = ownerIn(data, 'b'.repeat(64))
    const reverted = await carryOutRevert(updated)
    expect(reverted).toMatchObject({ memory: null })
    expect(await momentsOf(owner)).toBe('one')
    await reverted?.done()
    expect(await carryOutRevert(owner)).toBeNull()
  })
})
