// SPDX-License-Identifier: Apache-2.0
//
// A package whose machine has a UEFI, a q35, a TPM and a guest agent, from machine.yaml to the session that a user sees.
import { copyFile, mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { layoutOf } from '../../apps/client-runtime/layout.ts'
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
