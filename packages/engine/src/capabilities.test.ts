// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { type Capability, capabilitiesOf, requireCapabilities } from './capabilities.ts'
import type { VmSpec } from './virtual-machine.ts'

const nbd = { socket: '/run/nbd.sock', name: 'disk' }
const spec: VmSpec = {
  name: 'machine',
  firmware: 'bios',
  chipset: 'i440fx',
  cpus: 2,
  memoryMiB: 512,
  disks: [
    {
      name: 'system',
      sizeBytes: 1 << 20,
      controller: 'ide',
      storage: { kind: 'luks-overlay', base: nbd, file: '/overlay', key: new Uint8Array(32) },
    },
    { name: 'data', sizeBytes: 1 << 20, controller: 'ide', storage: { kind: 'writable-nbd', nbd } },
  ],
  video: 'std',
  serial: 'captured',
  network: { model: 'e1000', mac: '52:54:00:00:00:01', socket: '/run/net.sock' },
  runtimeFolder: '/run/vm',
}
const needed: readonly Capability[] = ['cpus:many', 'disk:ide', 'storage:luks-overlay', 'storage:writable-nbd', 'network:e1000', 'serial:captured']

describe('capabilities', () => {
  it('are read off a spec, each once', () => {
    expect(capabilitiesOf(spec)).toEqual(needed)
    expect(capabilitiesOf({ ...spec, cpus: 1, disks: [], serial: 'none', network: 'none' })).toEqual([])
  })

  it('include a limit of computing time where there is one', () => {
    const bare: VmSpec = { ...spec, cpus: 1, disks: [], serial: 'none', network: 'none' }
    expect(capabilitiesOf({ ...bare, processorPercent: 100 })).toEqual(['limit:processor'])
    expect(capabilitiesOf({ ...bare, processorPercent: undefined })).toEqual([])
  })

  it('include a drive where there is a medium', () => {
    const bare: VmSpec = { ...spec, cpus: 1, disks: [], serial: 'none', network: 'none' }
    expect(capabilitiesOf({ ...bare, medium: { sizeBytes: 2048, nbd } })).toEqual(['medium'])
  })

  it('name every device beyond the plain machine', () => {
    const devices = {
      balloon: true,
      usb: 'xhci',
      drives: ['cd'],
      parallel: 'captured',
      sound: 'hda',
      watchdog: true,
      panic: true,
      agent: true,
    } as const
    const bare: VmSpec = { ...spec, cpus: 1, disks: [], serial: 'none', network: 'none', chipset: 'q35', cpuModel: 'Haswell', video: 'virtio' }
    expect(capabilitiesOf({ ...bare, devices })).toEqual([
      ...[
        'chipset:q35',
        'cpu-model',
        'video:virtio',
        'balloon',
        'usb:xhci',
        'drive:cd',
        'parallel:captured',
        'sound:hda',
        'watchdog',
        'panic',
        'agent',
      ],
    ])
  })

  it('suffice when all are offered, and every missing one is named', () => {
    expect(() => requireCapabilities('v86', new Set(needed), spec)).not.toThrow()
    const offered = new Set(needed.filter((capability) => capability !== 'cpus:many' && capability !== 'network:e1000'))
    expect(() => requireCapabilities('v86', offered, spec)).toThrow(
      expect.objectContaining({ code: 'capability-missing', message: '`v86` lacks `cpus:many`, `network:e1000`' }),
    )
  })
})
