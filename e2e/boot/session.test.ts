// SPDX-License-Identifier: Apache-2.0
//
// A package whose machine has a UEFI, a q35, a TPM and a guest agent, from machine.yaml to the session that a user sees.
import { copyFile, mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { layoutOf } from '../../apps/client-runtime/layout.ts'
import type { LaunchPlan } from '../../packages/policy/src/decision/launch-plan.ts'
import { sealDisks } from '../session-host/make-release.ts'
import { makeWorld, removeWorld } from '../session-host/make-world.ts'
import { placesOf } from '../session-host/places.ts'
import { BOOT_LIMIT_MS, startSession, strictPlan } from '../session-host/start-session.ts'
import type { SealedRelease, World } from '../session-host/world.ts'
import { buildDeviceGuest } from './device-guest.ts'

const machine = `firmware: uefi
chipset: q35
cpus: 2
cpuModel: Haswell
cpuTopology: {sockets: 1, cores: 2, threads: 1}
memoryMiB: 256
video: virtio
network: null
usb: xhci
tpm: '2.0'
watchdog: true
panic: true
agent: true
disks:
  system: {controller: sata}
`

describe('a package with a UEFI, a TPM and an agent', () => {
  let world: World
  let release: SealedRelease

  beforeAll(async () => {
    world = await makeWorld('qemu')
    const disks = placesOf(world.folder).disks('1')
    await mkdir(disks)
    await writeFile(join(disks, 'machine.yaml'), machine)
    await copyFile(await buildDeviceGuest(), join(disks, 'system.raw'))
    release = await sealDisks(world, '1', ['--disk', `system=${join(disks, 'system.raw')}`])
  })
  afterAll(() => removeWorld(world))

  const start = () => startSession(world, 'device', release, { plan: { ...strictPlan(world, release), memoryMiB: 256 } })
  const startsSeen = (serial: string) => Number.parseInt(/firmware 64, starts of its TPM ([0-9a-f]{8})/.exec(serial)?.[1] ?? '', 16)

  it('runs where the engine has all of it, and is refused by name where it has not', async () => {
    const plan = { ...strictPlan(world, release), engine: 'v86' as const }
    const other = await startSession(world, 'other', release, { plan })
    const { reason } = await other.until((view) => view.state === 'blocked')
    expect(reason?.code).toBe('capability-missing')
    expect(reason?.detail).toContain('`firmware:uefi`, `chipset:q35`')
    expect(reason?.detail).toContain('`tpm`')
    await other.ask('power-off')
    await other.exited
  })

  it('reads the media that its policies let it have, and none of them any more once they do not', { timeout: BOOT_LIMIT_MS }, async () => {
    const [disc, floppy, odd] = ['disc.iso', 'floppy.img', 'odd.iso'].map((name) => join(world.folder, name)) as [string, string, string]
    await writeFile(disc, Buffer.alloc(2048 * 20, 1))
    await writeFile(floppy, Buffer.alloc(1_474_560, 2))
    await writeFile(odd, Buffer.alloc(2049))
    const plan: LaunchPlan = { ...strictPlan(world, release), memoryMiB: 256, parallel: 'captured', drives: { cd: 'image', floppy: 'none' } }
    const session = await startSession(world, 'drives', release, { plan })
    await session.until((view) => view.state === 'running')
    const { control } = session
    const drives = async () => (await session.view()).drives
    expect(await drives()).toEqual([{ drive: 'cd', medium: null }])
    await control.changeMedium({ drive: 'cd', path: disc })
    expect(await drives()).toEqual([{ drive: 'cd', medium: 'disc.iso' }])
    await expect(control.changeMedium({ drive: 'floppy', path: floppy })).rejects.toMatchObject({ code: 'drive-refused' })
    await expect(control.changeMedium({ drive: 'cd', path: odd })).rejects.toMatchObject({ code: 'medium-invalid' })
    await expect(control.changeMedium({ drive: 'cd', path: join(world.folder, 'none.iso') })).rejects.toMatchObject({ code: 'medium-unreadable' })
    expect(await drives()).toEqual([{ drive: 'cd', medium: 'disc.iso' }])
    const stick = { device: '0781:5567', attached: true }
    await expect(control.changeUsb(stick)).rejects.toMatchObject({ code: 'usb-refused' })
    await expect(control.changeUsb({ ...stick, attached: false })).rejects.toMatchObject({ code: 'usb-unknown' })
    await control.replan({ ...plan, usb: { tables: [{ general: 'allow', classes: [], devices: [] }] } })
    // Past the rules, on a computer with USB or without.
    await expect(control.changeUsb(stick)).rejects.toMatchObject({ code: expect.stringMatching(/^usb-(?:missing|unknown)$/) })
    await control.replan(plan)
    await control.changeMedium({ drive: 'cd', path: null })
    expect(await drives()).toEqual([{ drive: 'cd', medium: null }])
    await control.changeMedium({ drive: 'cd', path: disc })
    await session.until((view) => view.guest !== null, BOOT_LIMIT_MS)
    await vi.waitFor(async () => expect(await session.parallel()).toBe('from the guest\n'), { timeout: 60_000, interval: 200 })

    await control.replan({ ...plan, drives: { cd: 'none', floppy: 'none' } })
    await expect(control.changeMedium({ drive: 'cd', path: disc })).rejects.toMatchObject({ code: 'drive-refused' })
    expect(await drives()).toEqual([])
    const told = (await session.events()).filter(({ type }) => type.startsWith('medium-'))
    expect(told.map(({ type }) => type)).toEqual(['medium-inserted', 'medium-ejected', 'medium-inserted', 'medium-ejected'])
    await control.replan(plan)
    expect(await drives()).toEqual([{ drive: 'cd', medium: null }])
    await session.ask('power-off')
    await session.exited
  })

  it('is shut down by its agent, goes on where it was suspended with its clock set, and keeps its TPM', { timeout: 3 * BOOT_LIMIT_MS }, async () => {
    const first = await start()
    const { guest } = await first.until((view) => view.guest !== null, BOOT_LIMIT_MS)
    expect(guest).toEqual({ system: expect.stringMatching(/^6\.1\./), addresses: [] })
    const starts = startsSeen(await first.serial())
    expect(starts).toBeGreaterThan(0)
    expect((await first.events()).map(({ type }) => type)).not.toContain('guest-clock-set')
    await first.ask('suspend')
    await first.exited

    const second = await start()
    await second.until((view) => view.guest !== null, BOOT_LIMIT_MS)
    expect((await second.events()).map(({ type }) => type)).toContain('guest-clock-set')
    // Nothing in this guest hears a power button.
    await second.ask('power-button')
    await second.exited

    const third = await start()
    await third.until((view) => view.guest !== null, BOOT_LIMIT_MS)
    expect(startsSeen(await third.serial())).toBe(starts + 1)
    await third.ask('power-off')
    await third.exited
    const { disks, tpm } = layoutOf(placesOf(world.folder).data('device')).instance('demo-1')
    expect(await readdir(disks)).toContain(`system-uefi.variables-${release.sha256}.qcow2`)
    expect((await readdir(tpm)).length).toBeGreaterThan(0)
  })
})
