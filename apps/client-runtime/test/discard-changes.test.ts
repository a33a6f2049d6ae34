// SPDX-License-Identifier: Apache-2.0
//
// PO-18 with real session hosts on v86: whether the overlay of a system disk outlives what ends a session.
import { access, readdir } from 'node:fs/promises'
import { expect, it, onTestFinished, vi } from 'vitest'
import { openRules, publishDesktop } from '../../console/test/console/world.ts'
import { layoutOf } from '../layout.ts'
import { Computer, realWorld } from './computer.ts'

async function started(diskChanges: 'kept' | 'discarded') {
  const [world, computer] = [await realWorld(), await Computer.fresh('real')]
  const rules = [
    { setting: 'disk-changes', value: diskChanges },
    { setting: 'exit', value: 'user' },
  ]
  await publishDesktop(world, [...openRules, ...rules])
  await computer.enrol(world)
  await computer.call('activate', { desktop: 'office', presented: null, password: null })
  const end = (how: 'suspend' | 'power-off') => computer.call('stop', { instance: 'office', how })
  onTestFinished(() => end('power-off').then(undefined, () => undefined))
  const { disks, lock } = layoutOf(computer.data).instance('office')
  const overlays = async () => (await readdir(disks).catch(() => [])).filter((name) => name.startsWith('system-'))
  const start = async () => {
    await computer.call('start', { instance: 'office', password: null })
    await vi.waitFor(async () => expect((await computer.call('status', {})).instances[0]?.session?.state).toBe('running'), 90_000)
    expect(await overlays()).toHaveLength(1)
  }
  /** The session host has let go of everything. */
  const over = () =>
    vi.waitFor(async () => {
      expect((await computer.call('status', {})).instances[0]?.session).toMatchObject({ open: false })
      await expect(access(lock)).rejects.toMatchObject({ code: 'ENOENT' })
    }, 90_000)
  await start()
  return { start, end, over, overlays }
}

it('takes what the guest wrote with it at power-off, and not when the VM is suspended', { timeout: 240_000 }, async () => {
  const { start, end, over, overlays } = await started('discarded')
  await end('suspend')
  await over()
  expect(await overlays()).toHaveLength(1)
  await start()
  await end('power-off')
  await over()
  expect(await overlays()).toEqual([])
  await start()
})

it('leaves it where the policy keeps it', { timeout: 240_000 }, async () => {
  const { end, over, overlays } = await started('kept')
  await end('power-off')
  await over()
  expect(await overlays()).toHaveLength(1)
})
