// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import type { DiskSpec, VmSpec } from '../virtual-machine.ts'
import { checkSpec } from './check-spec.ts'

const disk: DiskSpec = {
  name: 'system',
  sizeBytes: 1 << 20,
  controller: 'ide',
  storage: { kind: 'writable-nbd', nbd: { socket: '/run/nbd.sock', name: 'disk' } },
}
const spec: VmSpec = {
  name: 'desk',
  firmware: 'bios',
  chipset: 'i440fx',
  cpus: 1,
  memoryMiB: 512,
  disks: [disk],
  video: 'std',
  serial: 'none',
  network: { model: 'e1000', mac: '52:54:00:12:34:56', socket: '/run/net.sock' },
  runtimeFolder: '/run/vm',
}
const named = (...names: string[]): readonly DiskSpec[] => names.map((name) => ({ ...disk, name }))
const on = (controller: DiskSpec['controller'], count: number): readonly DiskSpec[] =>
  Array.from({ length: count }, (_, index) => ({ ...disk, name: `disk${index}`, controller }))
const overlayKey = (length: number): readonly DiskSpec[] => [
  { ...disk, storage: { kind: 'luks-overlay', base: null, file: '/overlay', key: new Uint8Array(length) } },
]
const network = (change: { mac?: string; socket?: string }): VmSpec['network'] => ({
  model: 'e1000',
  mac: '52:54:00:12:34:56',
  socket: '/run/net.sock',
  ...change,
})
const folder = (length: number): string => `/${'r'.repeat(length - 1)}`
const displayTail = '/vm/display.sock'.length

describe('a VM spec', () => {
  it.each<[string, Partial<VmSpec>, Partial<VmSpec>]>([
    ['a name with a comma', { name: 'desk,process=x' }, { name: 'desk-process.x' }],
    ['a name like an option', { name: '-daemonize' }, { name: 'daemonize' }],
    ['no CPU', { cpus: 0 }, { cpus: 64 }],
    ['half a CPU', { cpus: 1.5 }, { cpus: 2 }],
    ['no memory', { memoryMiB: 0 }, { memoryMiB: 16 }],
    ['a fifth IDE disk', { disks: named('a', 'b', 'c', 'd', 'e') }, { disks: named('a', 'b', 'c', 'd') }],
    ['an IDE disk on a q35', { chipset: 'q35' }, { chipset: 'q35', disks: on('sata', 1) }],
    ['a seventh SATA disk', { disks: on('sata', 7) }, { disks: on('sata', 6) }],
    ['an eighth SCSI disk', { disks: on('scsi', 8) }, { disks: on('scsi', 7) }],
    [
      'a CD drive beside four IDE disks',
      { disks: on('ide', 4), devices: { drives: ['cd'] } },
      { disks: on('ide', 4), devices: { drives: ['floppy'] } },
    ],
    ['one drive twice', { devices: { drives: ['cd', 'cd'] } }, { devices: { drives: ['cd', 'floppy'] } }],
    [
      'a topology of another number of CPUs',
      { cpus: 4, cpuTopology: { sockets: 2, cores: 1, threads: 1 } },
      { cpus: 4, cpuTopology: { sockets: 2, cores: 1, threads: 2 } },
    ],
    ['two disks of one name', { disks: named('a', 'a') }, { disks: named('a', 'b') }],
    ['a disk name in capitals', { disks: named('System') }, { disks: named('system') }],
    ['a disk of half a sector', { disks: [{ ...disk, sizeBytes: 256 }] }, { disks: [{ ...disk, sizeBytes: 512 }] }],
    ['a short overlay key', { disks: overlayKey(31) }, { disks: overlayKey(32) }],
    ['a MAC address with an option', { network: network({ mac: '52:54:00:12:34:56,x' }) }, { network: network({ mac: '52:54:00:AB:34:56' }) }],
    ['a relative socket', { network: network({ socket: 'net.sock' }) }, { network: network({ socket: '/net.sock' }) }],
    ['a runtime folder whose sockets have 108 bytes', { runtimeFolder: folder(108 - displayTail) }, { runtimeFolder: folder(107 - displayTail) }],
  ])('is refused with %s, and passes without', (_, bad, good) => {
    expect(() => checkSpec({ ...spec, ...bad })).toThrow(expect.objectContaining({ code: 'spec-invalid' }))
    expect(() => checkSpec({ ...spec, ...good })).not.toThrow()
  })
})
