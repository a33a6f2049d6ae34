// SPDX-License-Identifier: Apache-2.0
//
// Overrides and rescue codes from the console to the daemon: by contact, as a text, by telephone.
import { readFile } from 'node:fs/promises'
import { writeRescueRequest } from '@casemate/policy/rescue-code'
import { describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { deviceCompliance } from '../../console/src/devices/compliance.ts'
import { grantOverride } from '../../console/src/help-desk/grant-override.ts'
import { readOutRescueCode } from '../../console/src/help-desk/rescue-codes.ts'
import { showReport } from '../../console/src/reports/show.ts'
import { openRules, operator, publishDesktop, type World } from '../../console/test/console/world.ts'
import { layoutOf } from '../layout.ts'
import { Computer, realWorld } from './computer.ts'

const bounds = {
  ...{ extendDays: 0, extendOfflineMinutes: 600, reset: false, rescue: ['offline', 'locked'] },
  exceptions: [{ setting: 'clipboard-to-guest', value: { maxTextBytes: 100 } }],
}
const anHour = { warnMinutes: 30, restrictMinutes: 60, suspendMinutes: 60, maxRuntimeMinutes: null, maxBoots: null }
const rules = [
  { setting: 'offline', value: anHour },
  { setting: 'overrides', value: bounds },
]
const refused = (code: string) => ({ code })
const paste = { kind: 'exception' as const, grant: { setting: 'clipboard-to-guest' as const, value: { maxTextBytes: 100 } } }

const grant = (world: World, device: string, lifetimeSeconds = 3600) =>
  grantOverride(operator, world.console, { device, desktop: 'office', wanted: paste, lifetimeSeconds })
const journalOf = async (computer: Computer) => await readFile(layoutOf(computer.data).journal, 'utf8')
const toGuest = async (computer: Computer) => (await computer.call('status', {})).instances[0]?.session?.clipboard.toGuest
const reasonsOf = async (computer: Computer) => (await computer.call('list', {})).desktops[0]?.reasons.map(({ code }) => code)

async function enrolled(more: readonly object[] = openRules) {
  const [world, computer] = [await realWorld(), await Computer.fresh()]
  await publishDesktop(world, [...more, ...rules])
  const device = await computer.enrol(world)
  return { world, computer, device }
}

/** Without a console, which reads codes out for the lease that the device has. */
async function cutOff(world: World, computer: Computer, device: string, minutes: number) {
  await computer.stop()
  const { seq } = z.looseObject({ seq: z.int() }).parse(JSON.parse(await readFile(layoutOf(computer.data).leaseFloors, 'utf8')))
  const codeFor = async (problem: 'offline' | 'locked') =>
    (await readOutRescueCode(operator, world.console, await writeRescueRequest({ device, seq, problem }))).code
  const codes = { offline: await codeFor('offline'), locked: await codeFor('locked') }
  await world.close()
  computer.clock.offset = minutes * 60
  await computer.start()
  return { seq, codes }
}

describe('an override', () => {
  it('comes with the next contact, changes a session that runs, and is over when it ends', async () => {
    const { world, computer, device } = await enrolled()
    await computer.running()
    expect(await toGuest(computer)).toBe(false)
    const { id } = await grant(world, device, 1800)
    await vi.waitFor(async () => expect(await toGuest(computer)).toBe(true), 60_000)
    await vi.waitFor(async () => {
      const { entries } = await showReport(operator, world.console, device, 100)
      expect(entries).toContainEqual(expect.objectContaining({ type: 'override-taken', data: expect.objectContaining({ id, kind: 'exception' }) }))
      expect(entries).toContainEqual(expect.objectContaining({ type: 'policy-applied', data: expect.objectContaining({ overrides: [id] }) }))
    }, 60_000)
    await vi.waitFor(async () => {
      const { sessions } = await deviceCompliance(operator, world.console, device)
      expect(sessions).toMatchObject([{ plan: { overrides: [id] }, compliant: true }])
    }, 60_000)
    await world.close()
    computer.clock.offset = 1801
    await vi.waitFor(async () => expect(await toGuest(computer)).toBe(false), 60_000)
  })

  it('is taken as a text too, once, also after a restart, and by no other device', async () => {
    const { world, computer, device } = await enrolled()
    const other = await Computer.fresh()
    const foreign = await grant(world, await other.enrol(world))
    await computer.stop()
    const { id, token } = await grant(world, device)
    await world.close()
    await computer.start()
    await expect(computer.call('takeOverride', { token: foreign.token })).rejects.toMatchObject(refused('override-device'))
    const [head = '', claims = '', signature = ''] = token.split('.')
    const altered = `${head}.${claims}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`
    await expect(computer.call('takeOverride', { token: altered })).rejects.toMatchObject(refused('token-signature'))
    expect(await computer.call('takeOverride', { token })).toMatchObject({ id, kind: 'exception', desktop: 'office' })
    await expect(computer.call('takeOverride', { token })).rejects.toMatchObject(refused('override-used'))
    await computer.stop()
    await computer.start()
    await expect(computer.call('takeOverride', { token })).rejects.toMatchObject(refused('override-used'))
    expect(await journalOf(computer)).toContain('"override-refused"')
  })
})

describe('a rescue code', () => {
  it('lets a desktop run that was too long without contact, for its time, and once', async () => {
    const { world, computer, device } = await enrolled()
    await computer.call('activate', { desktop: 'office', presented: null, password: null })
    await expect(computer.call('askRescue', { desktop: 'office' })).rejects.toMatchObject(refused('rescue-none'))
    const { seq, codes } = await cutOff(world, computer, device, 61)
    const start = { instance: 'office', password: null }
    const rescue = (code: string) => computer.call('rescue', { desktop: 'office', code })
    await expect(computer.call('start', start)).rejects.toMatchObject(refused('refused'))
    const request = await writeRescueRequest({ device, seq, problem: 'offline' })
    expect(await computer.call('askRescue', { desktop: 'office' })).toEqual({ desktop: 'office', problem: 'offline', request })
    expect((await computer.call('list', {})).desktops).toMatchObject([{ rescue: request }])
    await expect(rescue(codes.locked)).rejects.toMatchObject(refused('rescue-code-wrong'))
    await expect(rescue('nonsense')).rejects.toMatchObject(refused('rescue-code-invalid'))
    expect(await rescue(codes.offline)).toEqual({ desktop: 'office', problem: 'offline' })
    expect((await computer.call('list', {})).desktops).toMatchObject([{ rescue: null, reasons: [] }])
    await computer.stop()
    await computer.start()
    expect(await reasonsOf(computer)).toEqual([])
    await computer.call('start', start)
    // As far as the policy's bound, ten hours beyond its one.
    computer.clock.offset = 661 * 60
    await vi.waitFor(async () => expect(await reasonsOf(computer)).toEqual(['offline-too-long']), 60_000)
    await expect(rescue(codes.offline)).rejects.toMatchObject(refused('rescue-code-used'))
  })

  it('lifts a lock after wrong passwords, and a wrong code lifts nothing', async () => {
    const { world, computer, device } = await enrolled([
      { setting: 'authentication', value: { mode: 'password', minLength: 8, minClasses: 1, tries: 1, lockMinutes: 600 } },
    ])
    await computer.call('activate', { desktop: 'office', presented: null, password: 'right enough' })
    const { codes } = await cutOff(world, computer, device, 1)
    const start = (password: string) => computer.call('start', { instance: 'office', password })
    await expect(start('wrong')).rejects.toMatchObject({ reasons: [{ code: 'authentication-locked' }] })
    await expect(start('right enough')).rejects.toMatchObject({ reasons: [{ code: 'authentication-locked' }] })
    await expect(computer.call('rescue', { desktop: 'office', code: codes.offline })).rejects.toMatchObject(refused('rescue-code-wrong'))
    await expect(start('right enough')).rejects.toMatchObject({ reasons: [{ code: 'authentication-locked' }] })
    expect(await computer.call('rescue', { desktop: 'office', code: codes.locked })).toMatchObject({ problem: 'locked' })
    expect(await start('right enough')).toMatchObject({ instance: 'office' })
  })
})
