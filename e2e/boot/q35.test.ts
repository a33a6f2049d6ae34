// SPDX-License-Identifier: Apache-2.0
//
// What a guest sees, through its own drivers, of a machine with a q35, a UEFI and a TPM, and what of both is there again at the next boot.
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { TpmStorage } from '../../packages/engine/src/device-spec.ts'
import { findUefi } from '../../packages/engine/src/qemu/installation.ts'
import { createFilledOverlay } from '../../packages/engine/src/qemu/overlay.ts'
import type { DiskStorage, VmSpec } from '../../packages/engine/src/virtual-machine.ts'
import { plainStick } from '../../packages/engine/test/usb/emulated-stick.ts'
import { type BootedMachine, Machines } from './machine.ts'
import { PluggedUsb } from './plugged-usb.ts'
import { SizingViewer } from './sizing-viewer.ts'

const patient = { timeout: 60_000, interval: 100 }

const variable = '/sys/firmware/efi/efivars/Kept-ca5e0001-2f0b-4f0c-9d5e-0c5e5a7e0001'
const mountVariables = 'load variables; mountpoint -q /sys/firmware/efi/efivars || mount -t efivarfs efivarfs /sys/firmware/efi/efivars'

describe('a q35 under UEFI', () => {
  let machines: Machines
  let machine: BootedMachine
  let variables: DiskStorage
  let tpm: TpmStorage
  let spec: VmSpec

  const specOf = async (storage: DiskStorage, withTpm: TpmStorage) =>
    machines.spec('virtio', {
      firmware: { kind: 'uefi', variables: storage },
      chipset: 'q35',
      cpus: 4,
      cpuModel: 'Haswell',
      cpuTopology: { sockets: 1, cores: 2, threads: 2 },
      video: 'virtio',
      network: await machines.network('virtio'),
      devices: { usb: 'xhci', sound: 'hda', drives: ['cd'], tpm: withTpm },
    })
  const boot = async (storage: DiskStorage, withTpm: TpmStorage) => machines.boot(await specOf(storage, withTpm))
  const newVariables = async (): Promise<DiskStorage> => {
    const template = await readFile((await findUefi())?.variables ?? '')
    const overlay = { file: join(await machines.folder(), 'variables.qcow2'), key: randomBytes(32) }
    await createFilledOverlay({ ...overlay, sizeBytes: template.length }, await machines.nbd.serve(template))
    return { kind: 'luks-overlay', base: null, ...overlay }
  }
  const newTpm = async (): Promise<TpmStorage> => {
    const folder = join(await machines.folder(), 'tpm')
    await mkdir(folder)
    return { folder, key: randomBytes(32) }
  }
  const starts = async () => Number.parseInt(/TPM ([0-9a-f]{8})$/.exec(await machine.sh('seen'))?.[1] ?? '', 16)

  beforeAll(async () => {
    machines = await Machines.ready()
    variables = await newVariables()
    tpm = await newTpm()
    spec = await specOf(variables, tpm)
    machine = await machines.boot(spec)
  })
  afterAll(() => machines.end())

  it('was started by the firmware, on the chipset and with the screen that were named', async () => {
    expect(await machine.pci('00:00.0')).toBe('8086:29c0')
    expect(await machine.pci('00:02.0')).toBe('1af4:1050')
    expect(await machine.sh('cat /sys/firmware/efi/fw_platform_size')).toBe('64')
  })

  it('has two cores of two threads in one socket', async () => {
    const read =
      'cd /sys/devices/system/cpu; for c in cpu[0-9]*; do echo $(cat $c/topology/physical_package_id $c/topology/core_id $c/topology/thread_siblings_list); done'
    expect((await machine.sh(read)).split('\n')).toEqual(['0 0 0-1', '0 0 0-1', '0 1 2-3', '0 1 2-3'])
  })

  it('finds its disk, drive, pointer, card for sound, and an address', async () => {
    await machine.sh('load disks cd usb hda')
    expect(await machine.sh('cat /sys/block/vda/size')).toBe(String((65 << 20) / 512))
    await vi.waitFor(async () => expect(await machine.sh('cat /sys/block/sr0/device/model')).toContain('QEMU DVD-ROM'), patient)
    await vi.waitFor(async () => expect(await machine.sh('cat /sys/bus/usb/devices/*/product')).toContain('QEMU USB Tablet'), patient)
    expect(await machine.pci('00:07.0')).toBe('1b36:000d')
    await vi.waitFor(async () => expect(await machine.sh('cat /proc/asound/cards')).toContain('HDA-Intel'), patient)
    expect(await machine.lease()).toMatch(/^10\./)
  })

  it('is given the USB devices that the rules allow, by a driver of its own, and none that they do not or no longer do', async () => {
    const usb = await PluggedUsb.ready(machine, await machines.folder())
    await usb.tries()
  })

  it('goes on with all of them where it was suspended, its TPM not started anew, no USB device, its random numbers from a new seed', async () => {
    const usb = await PluggedUsb.ready(machine, await machines.folder())
    await usb.attach(plainStick)
    await machine.sh('echo here >/run/before')
    const before = await starts()
    // What the kernel says when its generation ID has changed, and then alone.
    const reseeds = () => machine.sh('dmesg | grep -c "crng reseeded due to virtual machine fork" || true')
    await machine.vm.pause()
    await machine.vm.resume()
    expect(await reseeds()).toBe('0')
    const file = { path: join(await machines.folder(), 'state'), key: randomBytes(32), binding: 'q35' }
    await machine.vm.suspend(file)
    expect(usb.events.at(-1)).toMatchObject({ type: 'usb-detached', data: { code: 'usb-saved' } })
    const other = { ...spec, firmware: 'bios' } as const
    await expect(machines.restore(other, file)).rejects.toMatchObject({ code: 'state-mismatch' })
    machine = await machines.restore({ ...spec, runtimeFolder: await machines.folder() }, file)
    expect(await machine.sh('cat /run/before')).toBe('here')
    const again = await PluggedUsb.ready(machine, await machines.folder())
    await again.sees(null)
    await again.attach(plainStick)
    expect(await starts()).toBe(before)
    await vi.waitFor(async () => expect(await reseeds()).toBe('1'), patient)
  })

  it('keeps what its firmware was told and what its TPM counts, encrypted, and neither without them', async () => {
    expect(await machine.sh('cat /sys/class/tpm/tpm0/tpm_version_major')).toBe('2')
    const before = await starts()
    await machine.sh(`${mountVariables}; printf '\\007\\000\\000\\000remembered' >${variable}`)
    const written = await Promise.all((await readdir(tpm.folder)).map((name) => readFile(join(tpm.folder, name))))
    expect(written.length).toBeGreaterThan(0)
    if (variables.kind !== 'luks-overlay') throw new Error('expected an overlay')
    expect((await readFile(variables.file)).includes('remembered')).toBe(false)
    await machine.vm.stop()

    const wrong = boot(variables, { ...tpm, key: randomBytes(32) })
    await expect(wrong).rejects.toMatchObject({ code: 'tpm-failed' })

    machine = await boot(variables, tpm)
    expect(await machine.sh(`${mountVariables}; dd if=${variable} bs=1 skip=4 2>/dev/null`)).toBe('remembered')
    expect(await starts()).toBe(before + 1)
    await machine.vm.stop()

    machine = await boot(await newVariables(), await newTpm())
    expect(await machine.sh(`${mountVariables}; ls ${variable} 2>/dev/null || echo none`)).toBe('none')
    expect(await starts()).toBe(before)
  })

  it('has its screen in the size that a viewer asks for, and in none that no viewer may ask for', async () => {
    await machine.sh('load screen')
    const preferred = () => machine.sh('head -n 1 /sys/class/drm/card0-*/modes')
    const viewer = await SizingViewer.of(machine.vm)
    const before = await preferred()
    expect(await viewer.ask(4097, 720)).toEqual({ answer: 'too-large', refused: 1 })
    expect(await preferred()).toBe(before)
    expect(await viewer.ask(1152, 720)).toEqual({ answer: 'passed-on', refused: 1 })
    await vi.waitFor(async () => expect(await preferred()).toBe('1152x720'), patient)
    await viewer.sees(1152, 720)
    viewer.leave()
  })

  it('is switched off by its agent', async () => {
    await machine.agent.shutDown('powerdown')
    expect(await machine.vm.exited).toMatchObject({ state: 'stopped' })
  })
})
