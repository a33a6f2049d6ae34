// SPDX-License-Identifier: Apache-2.0
import type { ProbeReport } from '@casemate/engine/virtual-machine'
import { neededHardware } from '@casemate/vm-package/hardware'
import { describe, expect, it } from 'vitest'
import { type EngineReport, engineFacts } from './engines.ts'

type Offered = Extract<ProbeReport, { available: true }>['capabilities']

const factsOf = (capabilities: Offered) => {
  const report: EngineReport = {
    engines: [{ name: 'qemu', report: { available: true, version: '8', capabilities } }],
    uplink: { available: false, code: 'uplink-missing', message: 'none' },
  }
  return engineFacts(report)
}

describe('the facts of an engine', () => {
  it('offer a limit of computing time where its probe found one, and nowhere else', () => {
    expect(factsOf(new Set(['disk:ide', 'suspend', 'limit:processor']))).toEqual([
      { name: 'qemu', capabilities: ['disk:discard-changes', 'limit:disk-growth', 'suspend', 'limit:processor'] },
    ])
    expect(factsOf(new Set(['disk:ide', 'suspend']))).toEqual([
      { name: 'qemu', capabilities: ['disk:discard-changes', 'limit:disk-growth', 'suspend'] },
    ])
  })

  it('name all hardware that a package may need, and nothing else as hardware', () => {
    const hardware = [
      ...([
        'firmware:uefi',
        'chipset:q35',
        'cpus:many',
        'cpu-model',
        'disk:sata',
        'disk:scsi',
        'disk:virtio',
        'video:vmware',
        'video:virtio',
      ] as const),
      ...(['usb:uhci', 'usb:ohci', 'usb:ehci', 'usb:xhci', 'tpm', 'watchdog', 'panic', 'agent'] as const),
    ]
    const full = { firmware: 'uefi', chipset: 'q35', cpus: 2, cpuModel: 'EPYC', memoryMiB: 64, video: 'virtio', network: null, usb: 'xhci' } as const
    const devices = { tpm: '2.0', watchdog: true, panic: true, agent: true } as const
    const needed = neededHardware(
      { ...full, ...devices },
      (['ide', 'sata', 'scsi', 'virtio'] as const).map((controller) => ({ controller })),
    )
    expect(needed.filter((name) => !hardware.some((known) => known === name))).toEqual([])
    const [facts] = factsOf(new Set([...hardware, 'disk:ide', 'suspend', 'storage:luks-overlay', 'drive:cd', 'network:e1000', 'balloon']))
    expect(facts?.hardware).toEqual(hardware)
  })
})
