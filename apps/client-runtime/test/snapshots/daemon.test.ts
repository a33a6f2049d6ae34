// SPDX-License-Identifier: Apache-2.0
//
// Snapshots by way of console, daemon and command line, with real session hosts on v86: what the policies allow is done, the rest refused.
import { expect, it, onTestFinished, vi } from 'vitest'
import { runCommand } from '../../../../e2e/story/run-command.ts'
import { openRules, publishDesktop } from '../../../console/test/console/world.ts'
import { snapshotList } from '../../local-api.ts'
import { Computer, realWorld } from '../computer.ts'

const instance = 'office'

async function started(rules: readonly object[]): Promise<Computer> {
  const [world, computer] = [await realWorld(), await Computer.fresh('real')]
  await publishDesktop(world, [...openRules, { setting: 'exit', value: 'user' }, ...rules])
  await computer.enrol(world)
  await computer.call('activate', { desktop: instance, presented: null, password: null })
  await computer.call('start', { instance, password: null })
  onTestFinished(() => computer.call('stop', { instance, how: 'power-off' }).then(undefined, () => undefined))
  await vi.waitFor(async () => expect((await computer.call('status', {})).instances[0]?.session?.state).toBe('running'), 90_000)
  return computer
}

const refused = (code: string) => expect.objectContaining({ blame: 'refused', code })

it('are taken, listed, renamed, brought back and deleted where the policies allow both', { timeout: 240_000 }, async () => {
  const computer = await started([{ setting: 'snapshots', value: { take: true, revert: true } }])
  const casemate = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await runCommand('apps/client-runtime/cli/main.ts', ['snapshot', ...args, '--data', computer.data, '--json'])
    expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' })
    return JSON.parse(stdout)
  }
  const { current, snapshots } = snapshotList.parse(await casemate('take', instance, 'before the update'))
  const id = current ?? ''
  expect(snapshots).toMatchObject([{ id, parent: null, name: 'before the update', fits: true }])
  await casemate('rename', instance, id, 'clean')
  expect(await casemate('revert', instance, id)).toMatchObject({ instance, session: { state: 'running', blocked: null } })
  expect(snapshotList.parse(await casemate('list', instance))).toMatchObject({ snapshots: [{ id, name: 'clean' }], current: id, take: true })
  expect(await casemate('delete', instance, id)).toMatchObject({ snapshots: [], current: null })
  await expect(computer.call('revertSnapshot', { instance, snapshot: id, password: null })).rejects.toEqual(refused('snapshot-unknown'))
  expect(await runCommand('apps/client-runtime/cli/main.ts', ['snapshot', 'take', instance, '--data', computer.data])).toMatchObject({ code: 2 })
  await computer.call('stop', { instance, how: 'power-off' })
  await vi.waitFor(async () => expect((await computer.call('status', {})).instances[0]?.session?.open).toBe(false), 60_000)
  expect(await computer.call('snapshots', { instance, password: null })).toMatchObject({ snapshots: [], take: true, revert: true })
})

it('are refused by name where the policies do not say so, and the desktop goes on', { timeout: 240_000 }, async () => {
  const computer = await started([])
  await expect(computer.call('takeSnapshot', { instance, name: 'x' })).rejects.toEqual(refused('snapshot-refused'))
  await expect(computer.call('revertSnapshot', { instance, snapshot: '0'.repeat(16), password: null })).rejects.toEqual(refused('snapshot-refused'))
  expect(await computer.call('snapshots', { instance, password: null })).toMatchObject({ snapshots: [], take: false, revert: false })
  expect((await computer.call('status', {})).instances[0]?.session?.state).toBe('running')
})
