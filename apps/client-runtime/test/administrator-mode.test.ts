// SPDX-License-Identifier: Apache-2.0
//
// An administrator's password typed at a device, under policies of a real console.
import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { writeAdministratorKey } from '@casemate/policy/administrator-key'
import { makeAdministratorKey } from '@casemate/policy/administrator-key-make'
import { describe, expect, it, vi } from 'vitest'
import { deviceCompliance } from '../../console/src/devices/compliance.ts'
import { showReport } from '../../console/src/reports/show.ts'
import { openRules, operator, publishDesktop, publishPolicy, publishRelease } from '../../console/test/console/world.ts'
import { random } from '../daemon/console/console-client.ts'
import { derivePassphraseKey } from '../daemon/instances/derive-passphrase-key.ts'
import { layoutOf } from '../layout.ts'
import { Computer, realWorld } from './computer.ts'

const params = { memoryKiB: 19_456, passes: 2, lanes: 1 }
const newKey = async () => writeAdministratorKey(await makeAdministratorKey({ text: 'open sesame', derive: derivePassphraseKey, params }, random))
const key = await newKey()
const mode = {
  ...{ mode: 'password', key, maxMinutes: 30, tries: 2, lockMinutes: 10 },
  allows: [
    { setting: 'clipboard-to-guest', value: { maxTextBytes: 100 } },
    { setting: 'exit', value: 'user' },
  ],
}
const rules = (change: object = {}) => [...openRules, { setting: 'administrator-mode', value: { ...mode, ...change } }]
const refused = (code: string) => ({ code })

const toGuest = async (computer: Computer) => (await computer.call('status', {})).instances[0]?.session?.clipboard.toGuest
const shown = async (computer: Computer) => (await computer.call('list', {})).desktops[0]?.administrator
const enter = (computer: Computer, change: { password?: string; minutes?: number; settings?: string[] } = {}) =>
  computer.call('enterAdministratorMode', { desktop: 'office', password: 'open sesame', minutes: null, settings: null, ...change })
const journalOf = async (computer: Computer) => await readFile(layoutOf(computer.data).journal, 'utf8')

const run = promisify(execFile)
const casemate = fileURLToPath(new URL('../cli/main.ts', import.meta.url))
const why = async (computer: Computer, setting: string) =>
  (await run(process.execPath, [casemate, 'why', 'office', '--setting', setting, '--data', computer.data])).stdout

async function enrolled(change: object = {}) {
  const [world, computer] = [await realWorld(), await Computer.fresh()]
  await publishDesktop(world, rules(change))
  const device = await computer.enrol(world)
  return { world, computer, device }
}

describe('administrator mode', () => {
  it('changes a session that runs, is reported, and ends by itself', async () => {
    const { world, computer, device } = await enrolled()
    await computer.running()
    expect([await toGuest(computer), await shown(computer)]).toEqual([
      false,
      { until: null, settings: ['clipboard-to-guest', 'exit'], maxMinutes: 30 },
    ])
    const entered = await enter(computer, { minutes: 10, settings: ['clipboard-to-guest'] })
    expect(entered.settings).toEqual(['clipboard-to-guest'])
    expect(await toGuest(computer)).toBe(true)
    expect(await shown(computer)).toMatchObject({ until: entered.until, settings: ['clipboard-to-guest'] })
    await vi.waitFor(async () => {
      const { entries } = await showReport(operator, world.console, device, 100)
      const data = expect.objectContaining({ desktop: 'office', exp: entered.until, settings: ['clipboard-to-guest'] })
      expect(entries).toContainEqual(expect.objectContaining({ type: 'administrator-mode-entered', data }))
    }, 60_000)
    await vi.waitFor(async () => {
      const { sessions } = await deviceCompliance(operator, world.console, device)
      expect(sessions).toMatchObject([{ plan: { clipboard: { toGuest: { allowed: true } } }, compliant: true }])
    }, 60_000)
    await world.close()
    computer.clock.offset = 601
    await vi.waitFor(async () => expect(await toGuest(computer)).toBe(false), 60_000)
    await vi.waitFor(async () => expect(await journalOf(computer)).toContain('"administrator-mode-ended"'), 60_000)
    expect(await journalOf(computer)).not.toContain('sesame')
  })

  it('outlives a restart of the daemon, and is over once it is left', async () => {
    const { computer } = await enrolled()
    await computer.call('activate', { desktop: 'office', presented: null, password: null })
    const { until } = await enter(computer)
    await computer.stop()
    await computer.start()
    expect(await shown(computer)).toMatchObject({ until })
    expect(await computer.call('leaveAdministratorMode', { desktop: 'office' })).toEqual({ desktop: 'office' })
    expect(await shown(computer)).toMatchObject({ until: null })
    await expect(computer.call('leaveAdministratorMode', { desktop: 'office' })).rejects.toMatchObject(refused('administrator-mode-off'))
  })

  it('counts wrong passwords, before anything else is said, and refuses the right one while it is locked', async () => {
    const { world, computer, device } = await enrolled()
    await expect(enter(computer, { password: 'open says me' })).rejects.toMatchObject(refused('password-wrong'))
    await computer.stop()
    await computer.start()
    await expect(enter(computer, { password: 'open says me' })).rejects.toMatchObject(refused('password-wrong'))
    await expect(enter(computer)).rejects.toMatchObject(refused('administrator-mode-locked'))
    await vi.waitFor(async () => {
      const { entries } = await showReport(operator, world.console, device, 100)
      expect(entries.filter(({ type }) => type === 'administrator-mode-refused').map(({ data }) => data)).toEqual([
        { desktop: 'office', failed: 1 },
        { desktop: 'office', failed: 2 },
      ])
    }, 60_000)
    computer.clock.offset = 601
    expect(await enter(computer)).toMatchObject({ settings: ['clipboard-to-guest', 'exit'] })
  })

  it('loosens nothing beyond what the policies list, nor for longer', async () => {
    const { computer } = await enrolled()
    await expect(enter(computer, { settings: ['network'] })).rejects.toMatchObject(refused('setting-unknown'))
    await expect(enter(computer, { minutes: 31 })).rejects.toMatchObject(refused('administrator-mode-too-long'))
    expect(await shown(computer)).toMatchObject({ until: null })
    expect(await enter(computer, { settings: ['exit'], minutes: 30 })).toMatchObject({ settings: ['exit'] })
  })

  it('is named by `casemate why` for what it loosens, while it does, and for nothing else', async () => {
    const { computer } = await enrolled()
    expect(await why(computer, 'exit')).not.toContain('loosened')
    const { until } = await enter(computer, { settings: ['exit'] })
    const line = `loosened by an administrator at this computer until ${new Date(until * 1000).toISOString()}`
    expect(await why(computer, 'exit')).toContain(line)
    expect(await why(computer, 'clipboard-to-guest')).not.toContain('loosened')
    await computer.call('leaveAdministratorMode', { desktop: 'office' })
    expect(await why(computer, 'exit')).not.toContain('loosened')
  })

  it('is entered, shown and left at the command line, and stays off after a wrong password there', async () => {
    const { computer } = await enrolled()
    const at = (name: string) => join(computer.data, name)
    await Promise.all([writeFile(at('right'), 'open sesame\n'), writeFile(at('wrong'), 'open says me\n')])
    const adminMode = (...more: readonly string[]) =>
      promisify(execFile)(process.execPath, [casemate, 'admin-mode', 'office', '--data', computer.data, ...more])
    await expect(adminMode('--password-file', at('wrong'))).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('password') })
    expect((await adminMode()).stdout).toBe('off; a password could loosen clipboard-to-guest, exit for up to 30 min\n')
    expect((await adminMode('--password-file', at('right'), '--minutes', '5', '--setting', 'exit')).stdout).toMatch(
      /^office is in administrator mode until .*: exit\n$/,
    )
    expect((await adminMode()).stdout).toMatch(/^on until .*: exit\n$/)
    expect((await adminMode('--leave')).stdout).toBe('office is not in administrator mode any more\n')
  })

  it('is nothing where the policies name no key', async () => {
    const [world, computer] = [await realWorld(), await Computer.fresh()]
    await publishDesktop(world, openRules)
    await computer.enrol(world)
    expect(await shown(computer)).toBeNull()
    await expect(enter(computer)).rejects.toMatchObject(refused('administrator-mode-off'))
  })

  it('ends at once when a new policy names another key', async () => {
    const { world, computer } = await enrolled()
    await computer.running()
    await enter(computer)
    expect(await toGuest(computer)).toBe(true)
    await publishPolicy(world, '2', rules({ key: await newKey() }))
    await publishRelease(world, '2')
    await vi.waitFor(async () => expect(await toGuest(computer)).toBe(false), 60_000)
    expect(await enter(computer)).toMatchObject({ settings: ['clipboard-to-guest', 'exit'] })
    expect(await toGuest(computer)).toBe(true)
  })
})
