// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { type Hardware, hardware, hardwareProblem, neededHardware, orderHardware } from './hardware.ts'

const least: Hardware = { firmware: 'bios', chipset: 'i440fx', cpus: 1, memoryMiB: 128, video: 'std', network: null }
const full: Hardware = {
  agent: true,
  panic: true,
  watchdog: true,
  tpm: '2.0',
  usb: 'xhci',
  network: { model: 'pcnet' },
  video: 'virtio',
  memoryMiB: 512,
  cpuTopology: { threads: 2, cores: 2, sockets: 1 },
  cpuModel: 'Haswell',
  cpus: 4,
  chipset: 'q35',
  firmware: 'uefi',
}
const on = (...controllers: readonly ('ide' | 'sata' | 'scsi' | 'virtio')[]) => controllers.map((controller) => ({ controller }))
const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value)

describe('hardware', () => {
  it('is read as it was written, in one order, and nothing unknown or empty with it', () => {
    expect(hardware.parse(full)).toEqual(full)
    expect(Object.keys(orderHardware(full))).toEqual(Object.keys(hardware.shape))
    expect(orderHardware(full)).toEqual(full)
    expect(Object.keys(orderHardware(least))).toEqual(Object.keys(least))
    expect(hardware.safeParse({ ...least, tpm: '1.2' }).success).toBe(false)
    expect(hardware.safeParse({ ...least, cpuModel: undefined }).success).toBe(false)
    expect(hardware.safeParse({ ...least, sound: 'hda' }).success).toBe(false)
  })

  it('names what an engine needs for it, and nothing that every engine has', () => {
    expect(neededHardware(least, on('ide'))).toEqual([])
    expect(neededHardware(full, on('sata', 'virtio', 'sata'))).toEqual([
      ...['firmware:uefi', 'chipset:q35', 'cpus:many', 'cpu-model', 'disk:sata', 'disk:virtio', 'video:virtio', 'usb:xhci'],
      ...['tpm', 'watchdog', 'panic', 'agent'],
    ])
  })

  it.each([
    ['processors that its sockets make', { ...least, cpus: 4, cpuTopology: { sockets: 2, cores: 2, threads: 1 } }, on('ide'), false, true],
    ['processors that they do not make', { ...least, cpus: 3, cpuTopology: { sockets: 2, cores: 2, threads: 1 } }, on('ide'), false, false],
    ['a q35 with disks on sata', { ...least, chipset: 'q35' as const }, on('sata'), false, true],
    ['a q35 with a disk on ide', { ...least, chipset: 'q35' as const }, on('sata', 'ide'), false, false],
    ['four disks on ide', least, times(4, { controller: 'ide' as const }), false, true],
    ['four disks on ide and a medium', least, times(4, { controller: 'ide' as const }), true, false],
    ['a q35 with five disks on sata and a medium', { ...least, chipset: 'q35' as const }, times(5, { controller: 'sata' as const }), true, true],
    ['a q35 with six disks on sata and a medium', { ...least, chipset: 'q35' as const }, times(6, { controller: 'sata' as const }), true, false],
    ['seven disks on scsi', least, times(7, { controller: 'scsi' as const }), true, true],
    ['eight disks on scsi', least, times(8, { controller: 'scsi' as const }), true, false],
  ])('can be built or not: %s', (_name, machine, disks, medium, fits) => {
    expect(hardwareProblem(machine, disks, medium) === undefined).toBe(fits)
  })
})
