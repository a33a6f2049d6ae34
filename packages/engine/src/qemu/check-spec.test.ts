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
