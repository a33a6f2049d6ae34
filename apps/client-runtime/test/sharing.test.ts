// SPDX-License-Identifier: Apache-2.0
//
// Folders and `guestinfo.*` by way of console, daemon and command line, with real session hosts on v86: remembered while a desktop is not open, refused by
// name while one runs whose policies share none.
import { mkdir, realpath, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { runCommand } from '../../../e2e/story/run-command.ts'
import { openRules, publishDesktop } from '../../console/test/console/world.ts'
import { layoutOf } from '../layout.ts'
import { folderList, guestInfoView } from '../local-api.ts'
import { readSetValues } from '../session-host/guest-info/set-values.ts'
import { Computer, realWorld } from './computer.ts'

const instance = 'office'
const refused = (code: string) => expect.objectContaining({ blame: 'refused', code })

async function activated() {
  const [world, computer] = [await realWorld(), await Computer.fresh('real')]
  await publishDesktop(world, [...openRules, { setting: 'exit', value: 'user' }])
  await computer.enrol(world)
  await computer.call('activate', { desktop: instance, presented: null, password: null })
  const folder = join(`${computer.data}-shared`, 'folder')
  await mkdir(folder, { recursive: true })
  onTestFinished(() => rm(`${computer.data}-shared`, { recursive: true }))
  return { computer, folder: await realpath(folder) }
}

it('are remembered for the next start of a desktop, and forgotten', async () => {
  const { computer, folder } = await activated()
  const casemate = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await runCommand('apps/client-runtime/cli/main.ts', [...args, '--data', computer.data, '--json'])
    expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' })
    return JSON.parse(stdout)
  }
  const folders = async (...args: readonly string[]) => folderList.parse(await casemate(...args)).folders
  const shared = { path: folder, readOnly: false, port: 5640, state: 'not-shared', code: null }
  expect(await folders('share', instance, folder)).toEqual([shared])
  await expect(computer.call('shareFolder', { instance, path: '/etc', readOnly: true })).rejects.toEqual(refused('folder-forbidden'))
  await expect(computer.call('shareFolder', { instance, path: computer.data, readOnly: true })).rejects.toEqual(refused('folder-forbidden'))
  expect(await folders('share', instance)).toEqual([shared])
  expect(await folders('unshare', instance, folder)).toEqual([])
  await expect(computer.call('unshareFolder', { instance, path: folder })).rejects.toEqual(refused('folder-unknown'))
  const site = { name: 'site', by: 'user', given: false, bytes: 5, shown: 'north', base64: 'bm9ydGg=' }
  expect(guestInfoView.parse(await casemate('info', 'set', instance, 'site', 'north')).values).toEqual([site])
  await expect(computer.call('setGuestInfo', { instance, name: 'device', value: 'other' })).rejects.toEqual(refused('info-fixed'))
  expect(guestInfoView.parse(await casemate('info', 'list', instance)).values).toEqual([site])
  expect(guestInfoView.parse(await casemate('info', 'unset', instance, 'site')).values).toEqual([])
  await expect(computer.call('setGuestInfo', { instance, name: 'site', value: null })).rejects.toEqual(refused('info-unknown'))
})

it('are refused by name where the policies do not say so, and the desktop goes on', { timeout: 240_000 }, async () => {
  const { computer, folder } = await activated()
  await computer.call('start', { instance, password: null })
  onTestFinished(() => computer.call('stop', { instance, how: 'power-off' }).then(undefined, () => undefined))
  await vi.waitFor(async () => expect((await computer.call('status', {})).instances[0]?.session?.state).toBe('running'), 90_000)
  await expect(computer.call('shareFolder', { instance, path: folder, readOnly: true })).rejects.toEqual(refused('folder-refused'))
  expect(await computer.call('folders', { instance })).toEqual({ folders: [] })
  await expect(computer.call('setGuestInfo', { instance, name: 'site', value: 'north' })).rejects.toEqual(refused('info-refused'))
  expect(await computer.call('guestInfo', { instance })).toEqual({ values: [], refused: [] })
  expect((await computer.call('status', {})).instances[0]?.session?.state).toBe('running')
})

it('lets an open desktop be told what its policies list, in so many bytes, and nothing else', async () => {
  const [world, computer] = [await realWorld(), await Computer.fresh()]
  await publishDesktop(world, [...openRules, { setting: 'guest-info', value: { toGuest: ['device', 'site'], fromGuest: ['ready'], maxBytes: 5 } }])
  await computer.enrol(world)
  await computer.call('activate', { desktop: instance, presented: null, password: null })
  await computer.call('start', { instance, password: null })
  const set = (name: string, value: string) => computer.call('setGuestInfo', { instance, name, value })
  expect(await set('site', 'north')).toEqual({ values: [], refused: [] })
  await expect(set('ready', 'yes')).rejects.toEqual(refused('info-refused'))
  await expect(set('site', 'norths')).rejects.toEqual(refused('info-too-large'))
  await expect(set('device', 'other')).rejects.toEqual(refused('info-fixed'))
  expect(await readSetValues(layoutOf(computer.data).instance(instance))).toEqual(new Map([['site', 'north']]))
})
