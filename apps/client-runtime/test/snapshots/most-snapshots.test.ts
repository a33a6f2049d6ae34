// SPDX-License-Identifier: Apache-2.0
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { deleteSnapshot } from '../../session-host/snapshots/change.ts'
import { carryOutRevert } from '../../session-host/snapshots/revert.ts'
import { takeSnapshot } from '../../session-host/snapshots/take.ts'
import { readTree } from '../../session-host/snapshots/tree.ts'
import { machineAt, ownerIn, write } from './kept-instance.ts'

async function instance() {
  const data = await mkdtemp(join(tmpdir(), 'snapshots-'))
  onTestFinished(() => rm(data, { recursive: true }))
  const owner = ownerIn(data)
  await write(owner, 'one')
  return owner
}

it('keeps 32 snapshots, refuses one more, and takes it once there is room', async () => {
  const owner = await instance()
  const machine = { ...machineAt(owner, 'one'), files: [owner.layout.userDisk('d', 'v86')] }
  const first = await takeSnapshot(owner, machine, 'first', 1)
  for (let taken = 1; taken < 32; taken++) await takeSnapshot(owner, machine, 'more', 1)
  await expect(takeSnapshot(owner, machine, 'beyond', 1)).rejects.toMatchObject({ code: 'snapshots-full' })
  await deleteSnapshot(owner, first.id)
  await takeSnapshot(owner, machine, 'beyond', 1)
  expect((await readTree(owner)).snapshots).toHaveLength(32)
})

it('leaves nothing of a snapshot that could not be kept, and takes the next one', async () => {
  const owner = await instance()
  const machine = machineAt(owner, 'one')
  const full = { ...machine, vm: { snapshot: () => Promise.reject(Object.assign(new Error('no room'), { code: 'ENOSPC' })) } }
  await expect(takeSnapshot(owner, full, 'x', 1)).rejects.toMatchObject({ code: 'snapshot-failed', message: expect.stringContaining('no room') })
  const missing = { ...machine, files: [...machine.files, join(owner.layout.disks, 'none')] }
  await expect(takeSnapshot(owner, missing, 'x', 1)).rejects.toMatchObject({ code: 'snapshot-failed' })
  expect(await readdir(owner.layout.snapshots)).toEqual([])
  await mkdir(join(owner.layout.snapshots, '.new-0123456789abcdef', 'disks'), { recursive: true })
  await takeSnapshot(owner, machine, 'x', 1)
  expect(await readdir(owner.layout.snapshots)).toHaveLength(1)
  expect((await readTree(owner)).snapshots).toHaveLength(1)
  await mkdir(join(owner.layout.snapshots, '.old-0123456789abcdef'))
  expect(await carryOutRevert(owner)).toBeNull()
  expect(await readdir(owner.layout.snapshots)).toHaveLength(1)
})
