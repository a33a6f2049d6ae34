// SPDX-License-Identifier: Apache-2.0
//
// The real console and the real daemon over pinned HTTPS on loopback; only the VM is scripted.
import { execFile } from 'node:child_process'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { writeEnrolmentCode } from '@casemate/policy/enrolment-code'
import { settingNames } from '@casemate/policy/settings'
import { describe, expect, it, vi } from 'vitest'
import { setActivationPassword } from '../../console/src/activation/secrets.ts'
import { reinstateDevice, revokeDevice } from '../../console/src/devices/suspend.ts'
import { assignDesktop } from '../../console/src/releases/assign.ts'
import { rollBackRelease } from '../../console/src/releases/roll-back.ts'
import { stageRelease } from '../../console/src/releases/stage.ts'
import { showReport } from '../../console/src/reports/show.ts'
import {
  approveRole,
  newCode,
  openRules,
  operator,
  publishDesktop,
  publishPackage,
  publishPolicy,
  publishRelease,
  takeBack,
} from '../../console/test/console/world.ts'
import { layoutOf } from '../layout.ts'
import { Computer, realWorld } from './computer.ts'
import type { ScriptedHost } from './scripted-host.ts'

const cli = join(import.meta.dirname, '../cli/main.ts')
const casemate = async (...args: readonly string[]) => (await promisify(execFile)(process.execPath, [cli, ...args])).stdout
const refused = (...codes: string[]) => ({ code: 'refused', reasons: codes.map((code) => expect.objectContaining({ code })) })

describe('enrolment', () => {
  it('ends with a lease under the pinned key, and with nothing under another key or root', async () => {
    const [world, computer] = [await realWorld(), await Computer.fresh()]
    const code = await newCode(world)
    await expect(computer.call('enrol', { code: writeEnrolmentCode({ ...code, pin: 'a'.repeat(64) }) })).rejects.toMatchObject({
      code: 'pin-mismatch',
    })
    await expect(computer.call('status', {})).resolves.toMatchObject({ enrolment: null })
    await expect(computer.call('enrol', { code: writeEnrolmentCode({ ...code, rootSha256: 'b'.repeat(64) }) })).rejects.toMatchObject({
      code: 'root-mismatch',
    })
    await expect(computer.call('enrol', { code: writeEnrolmentCode(code) })).resolves.toMatchObject({ organisation: 'acme' })
    await expect(computer.call('enrol', { code: writeEnrolmentCode(code) })).rejects.toMatchObject({ code: 'already-enrolled' })
    await expect(computer.call('status', {})).resolves.toMatchObject({ enrolment: { organisation: 'acme' }, lease: { action: 'run' } })
  })
})

describe('a desktop', () => {
  it('is activated with the right password only, started, and its journal verified by the console', async () => {
    const [world, computer] = [await realWorld(), await Computer.fresh()]
    const expiry = { afterDays: 1, lastDay: null, warnDays: 30 }
    const texts = { warning: 'Ask 4711 for another day', ended: 'It is over' }
    const rules = [
      { setting: 'expiry', value: expiry },
      { setting: 'expiry-texts', value: texts },
    ]
    await publishDesktop(world, [...openRules, ...rules, { setting: 'activation', value: 'password' }])
    await setActivationPassword(operator, world.console, 'office', 'open sesame')
    const device = await computer.enrol(world)
    await expect(computer.call('start', { instance: 'office', password: null })).rejects.toMatchObject({ code: 'instance-unknown' })
    const activation = { desktop: 'office', password: null }
    await expect(computer.call('activate', { ...activation, presented: 'wrong' })).rejects.toMatchObject({ code: 'activation-refused' })
    await expect(computer.call('activate', { ...activation, presented: 'open sesame' })).resolves.toMatchObject({ engine: 'v86', session: null })
    const view = await computer.call('start', { instance: 'office', password: null })
    expect(view.session).toMatchObject({ open: true, planVersion: 1, viewer: 'http://127.0.0.1:9/#token=token' })
    expect(view.session?.messages).toEqual([texts.warning])
    await expect(computer.call('list', {})).resolves.toMatchObject({ desktops: [{ messages: [texts.warning] }] })
    expect(computer.hosts[0]?.keys.packageKey).toHaveLength(32)
    const { keys, given } = computer.hosts[0] ?? {}
    const overwritten = (key: Uint8Array | undefined) => key?.every((byte) => byte === 0)
    expect([keys?.packageKey, keys?.instanceKey, given?.packageKey, given?.instanceKey].map(overwritten)).toEqual([false, false, true, true])
    await expect(computer.call('start', { instance: 'office', password: null })).rejects.toMatchObject({ code: 'session-open' })
    await vi.waitFor(async () => {
      const report = await showReport(operator, world.console, device, 50)
      expect(report).toMatchObject({ verified: true, findings: [], fault: null })
      expect(report.entries.map(({ type }) => type)).toEqual(
        expect.arrayContaining(['enrolled', 'activation-refused', 'activated', 'decided', 'session-state']),
      )
    }, 60_000)
  })

  it('takes a new policy while it runs, and is suspended with the reason when the device is revoked', async () => {
    const [world, computer] = [await realWorld(), await Computer.fresh()]
    await publishDesktop(world)
    const device = await computer.enrol(world)
    const host = await computer.running()
    expect(host.plan.clipboard.toGuest.allowed).toBe(false)
    await publishPolicy(world, '2', [...openRules, { setting: 'clipboard-to-guest', value: { maxTextBytes: 64 } }])
    await publishRelease(world, '2')
    await vi.waitFor(() => expect(host.plan.clipboard.toGuest).toEqual({ allowed: true, maxBytes: 64 }), 60_000)
    expect(host.asked).toEqual([])
    const rule = { layer: 'organisation', path: 'policies/base/2.json', rule: 1, words: 'text up to 64 bytes', when: null, locked: false }
    const clipboard = { setting: 'clipboard-to-guest', words: 'text up to 64 bytes', from: [rule], lost: [] }
    const office = { desktop: 'office', title: 'Office', serial: 2, reasons: [], administrator: null }
    const why = (desktop: string, setting: string | null) => computer.call('why', { desktop, setting })
    await vi.waitFor(async () => expect(await why('office', 'clipboard-to-guest')).toEqual({ ...office, settings: [clipboard] }), 60_000)
    expect((await why('office', null)).settings).toHaveLength(settingNames.length)
    await expect(why('lab', null)).rejects.toMatchObject({ code: 'desktop-unknown' })
    await expect(why('office', 'colour')).rejects.toMatchObject({ code: 'setting-unknown' })
    expect(await casemate('why', 'office', '--setting', 'clipboard-to-guest', '--data', computer.data)).toBe(
      'Office, release 2: would start\nclipboard-to-guest: text up to 64 bytes\n  from organisation: policies/base/2.json rule 2: text up to 64 bytes\n',
    )
    await revokeDevice(operator, world.console, device, 'lost')
    await vi.waitFor(() => expect(host.asked).toContain('suspend'), 60_000)
    expect(await why('office', 'clipboard-to-guest')).toMatchObject({ reasons: [{ code: 'lease-suspended' }], settings: [clipboard] })
    await host.close()
    await vi.waitFor(async () => {
      const { instances } = await computer.call('status', {})
      expect(instances[0]?.session).toMatchObject({ open: false, reasons: [{ code: 'lease-suspended', whomToAsk: 'administrator' }] })
    }, 60_000)
    await expect(computer.call('start', { instance: 'office', password: null })).rejects.toMatchObject(refused('lease-suspended'))
  })

  it('runs only while its host is as the policy asks for it', async () => {
    const [world, computer] = [await realWorld(), await Computer.fresh()]
    const agent = join(computer.data, 'agent.conf')
    const posture = { systems: null, diskEncrypted: false, screenLock: false, processes: [], files: [agent], otherwise: 'refuse' }
    await publishDesktop(world, [...openRules, { setting: 'posture', value: posture }])
    await computer.enrol(world)
    await writeFile(agent, '')
    const host = await computer.running()
    expect(host.asked).toEqual([])
    await rm(agent)
    await vi.waitFor(() => expect(host.asked).toContain('suspend'), 60_000)
    const { instances } = await computer.call('status', {})
    expect(instances[0]?.session).toMatchObject({ reasons: [{ code: 'posture-failed', sentence: expect.stringContaining(agent) }] })
    await host.close()
    const start = () => computer.call('start', { instance: 'office', password: null })
    await vi.waitFor(() => expect(start()).rejects.toMatchObject(refused('posture-failed')), 60_000)
    await writeFile(agent, '')
    await start()
  })

  it('says why it was suspended though its host died of it, and starts again once the device may', async () => {
    const [world, computer] = [await realWorld(), await Computer.fresh()]
    await publishDesktop(world)
    const device = await computer.enrol(world)
    const host = await computer.running()
    host.dies = true
    await revokeDevice(operator, world.console, device, 'lost')
    const session = async () => (await computer.call('status', {})).instances[0]?.session
    await vi.waitFor(async () => expect(await session()).toMatchObject({ open: false, reasons: [{ code: 'lease-suspended' }] }), 60_000)
    expect(host.asked).toEqual(['suspend'])
    await reinstateDevice(operator, world.console, device)
    await vi.waitFor(() => computer.call('start', { instance: 'office', password: null }), 60_000)
    expect(await session()).toMatchObject({ open: true, reasons: [] })
  })

  it('goes back to an old package under a new serial only, and a forced update ends the session of another package', async () => {
    const [world, computer] = [await realWorld(), await Computer.fresh()]
    const first = await publishDesktop(world)
    const device = await computer.enrol(world)
    const host = await computer.running()
    const second = await publishPackage(world, '2')
    await stageRelease(operator, world.console, {
      ...{ desktop: 'office', title: 'Office', package: { name: 'demo', version: '2' }, update: { keep: 1, forceAt: null } },
      layers: [{ layer: 'organisation', selector: null, name: 'base', version: '1' }],
    })
    await approveRole(world, 'releases')
    const session = async () => (await computer.call('status', {})).instances[0]?.session
    // Suggested: it waits for the next start, and the session goes on.
    await vi.waitFor(async () => expect(await session()).toMatchObject({ open: true, serial: 2, waiting: ['package'], warned: false }), 60_000)
    expect([host.plan.package.sha256, host.asked]).toEqual([first.sha256, []])
    const ended = async (open: ScriptedHost) => {
      await open.close()
      await vi.waitFor(async () => expect(await session()).toMatchObject({ open: false }), 60_000)
    }
    const started = async () => {
      await computer.call('start', { instance: 'office', password: null })
      return computer.hosts.at(-1) ?? host
    }
    await ended(host)
    const updated = await started()
    expect(updated.plan).toMatchObject({ package: { sha256: second.sha256 }, update: { keep: 1, forceAt: null } })

    const update = { keep: 0, forceAt: Math.floor(Date.now() / 1000) - 1 }
    await rollBackRelease(operator, world.console, { desktop: 'office', to: 1, update })
    await approveRole(world, 'releases')
    await vi.waitFor(() => expect(updated.asked).toEqual(['suspend']), 60_000)
    await ended(updated)
    expect(await session()).toMatchObject({ reasons: [{ code: 'update-due' }] })
    // Once, whatever its host told on its way out.
    expect(updated.asked).toEqual(['suspend'])
    expect((await started()).plan).toMatchObject({ package: { sha256: first.sha256, version: '1' }, update })
    expect(await session()).toMatchObject({ open: true, serial: 3 })

    // A console that would take the new serial back gives leases of an old one: the device takes none of them, and stays where it is.
    await takeBack(world, 3, device)
    await vi.waitFor(async () => {
      expect((await computer.call('status', {})).contact).toMatchObject({ fault: { code: 'lease-release-older' } })
    }, 60_000)
    expect(await session()).toMatchObject({ open: true, serial: 3 })
  })

  it('is attached to again by the daemon that comes after', async () => {
    const [world, computer] = [await realWorld(), await Computer.fresh()]
    await publishDesktop(world)
    await computer.enrol(world)
    const host = await computer.running()
    await computer.stop()
    const before = host.heartbeats
    await computer.start()
    await vi.waitFor(() => expect(host.heartbeats).toBeGreaterThan(before), 60_000)
    await expect(computer.call('status', {})).resolves.toMatchObject({ instances: [{ session: { open: true, session: host.plan.session } }] })
    await computer.call('stop', { instance: 'office', how: 'power-off' })
    expect(host.asked).toEqual(['power-off'])
  })

  it('is suspended where another desktop of the computer lists itself only, and not where it lists both', async () => {
    const [world, computer] = [await realWorld(), await Computer.fresh()]
    await publishDesktop(world)
    await computer.enrol(world)
    const host = await computer.running()
    const lab = { organisation: 'acme', desktop: 'lab' }
    const lists = async (version: string, ...desktops: object[]) => {
      await publishPolicy(world, version, [...openRules, { setting: 'host-desktops', value: { mode: 'listed', desktops } }])
      await publishRelease(world, version, '1', 'lab')
    }
    await lists('2', lab, { organisation: 'acme', desktop: 'office' })
    await assignDesktop(operator, world.console, 'lab', { subject: 'all', value: '' })
    const reasonsOf = async (name: string) => (await computer.call('list', {})).desktops.find(({ desktop }) => desktop === name)?.reasons
    await vi.waitFor(async () => expect(await reasonsOf('lab')).toMatchObject([{ code: 'activation-needed' }]), 60_000)
    expect([await reasonsOf('office'), host.asked]).toEqual([[], []])
    await lists('3', lab)
    await vi.waitFor(() => expect(host.asked).toContain('suspend'), 60_000)
    expect(await reasonsOf('office')).toMatchObject([{ code: 'host-refuses', sentence: expect.stringContaining('`acme`') }])
    expect(await reasonsOf('lab')).toMatchObject([{ code: 'activation-needed' }])
  })
})

describe('a package that is valid for a time', () => {
  const instantOf = (seconds: number) => `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`

  it('is refused before and after that time, and not within it', async () => {
    const [world, computer] = [await realWorld(), await Computer.fresh()]
    const [from, to] = [world.now + 600, world.now + 1200]
    await publishPackage(world, '1', null, { notBefore: instantOf(from), notAfter: instantOf(to) })
    await publishPolicy(world, '1', openRules)
    await publishRelease(world, '1')
    await assignDesktop(operator, world.console, 'office', { subject: 'all', value: '' })
    await computer.enrol(world)
    const saysSoon = (code: string) =>
      vi.waitFor(async () => expect((await computer.call('list', {})).desktops[0]?.reasons).toMatchObject([{ code }]), 60_000)
    await saysSoon('package-not-yet-valid')
    const activation = { desktop: 'office', presented: null, password: null }
    await expect(computer.call('activate', activation)).rejects.toMatchObject(refused('package-not-yet-valid'))
    // With the console gone verified time is this clock's.
    await world.close()
    computer.clock.offset = from - world.now + 60
    await saysSoon('activation-needed')
    computer.clock.offset = to - world.now + 60
    await saysSoon('package-expired')
  })

  it('runs to the second that the package says, and is suspended by the daemon after it', async () => {
    const [world, computer] = [await realWorld(), await Computer.fresh()]
    const to = world.now + 1200
    await publishPackage(world, '1', null, { notBefore: null, notAfter: instantOf(to) })
    await publishPolicy(world, '1', openRules)
    await publishRelease(world, '1')
    await assignDesktop(operator, world.console, 'office', { subject: 'all', value: '' })
    await computer.enrol(world)
    const host = await computer.running()
    expect(host.plan.deadlines.suspendAt).toBe(to)
    await world.close()
    expect(host.asked).toEqual([])
    computer.clock.offset = 1260
    await vi.waitFor(() => expect(host.asked).toContain('suspend'), 60_000)
    await host.close()
    await vi.waitFor(async () => expect((await computer.call('status', {})).instances[0]?.session?.open).toBe(false), 60_000)
    await expect(computer.call('start', { instance: 'office', password: null })).rejects.toMatchObject(refused('package-expired'))
  })
})

describe('without the console', () => {
  it('starts under its lease, and not with the clock turned back, a foreign lease, an older one or an altered journal', async () => {
    const [world, computer, other] = [await realWorld(), await Computer.fresh(), await Computer.fresh()]
    await publishDesktop(world)
    await other.enrol(world)
    await computer.enrol(world)
    const layout = layoutOf(computer.data)
    const first = await readFile(layout.lease)
    await computer.call('activate', { desktop: 'office', presented: null, password: null })
    await vi.waitFor(async () => expect((await computer.call('status', {})).contact).toMatchObject({ connected: true }), 60_000)
    await world.close()
    const start = () => computer.call('start', { instance: 'office', password: null })
    const ended = async () => {
      const host = computer.hosts.at(-1)
      await computer.call('stop', { instance: 'office', how: 'power-off' })
      await host?.close()
      await vi.waitFor(async () => expect((await computer.call('status', {})).instances[0]?.session?.open).toBe(false), 60_000)
    }
    await start()
    await ended()
    computer.clock.offset = -3600
    await expect(start()).rejects.toMatchObject(refused('clock-behind'))
    computer.clock.offset = 0
    await start()
    await ended()

    const own = await readFile(layout.lease)
    const restartWith = async (lease: Uint8Array) => {
      await computer.stop()
      await writeFile(layout.lease, lease)
      await computer.start()
    }
    await restartWith(await readFile(layoutOf(other.data).lease))
    await expect(start()).rejects.toMatchObject(refused('lease-foreign'))
    await restartWith(first)
    await expect(start()).rejects.toMatchObject(refused('lease-older'))
    await restartWith(own)
    await start()
    await ended()

    await computer.stop()
    const text = await readFile(layout.journal, 'utf8')
    await writeFile(layout.journal, text.replace('"runtime-started"', '"runtime-stopped"'))
    await computer.start()
    await expect(start()).rejects.toMatchObject({ code: 'journal-altered', reasons: [expect.objectContaining({ code: 'decision-failed' })] })
  })
})
