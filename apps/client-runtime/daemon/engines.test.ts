// SPDX-License-Identifier: Apache-2.0
import type { ProbeReport } from '@casemate/engine/virtual-machine'
import { neededHardware } from '@casemate/vm-package/hardware'
import { describe, expect, it } from 'vitest'
import { type EngineReport, engineFacts } from './engines.ts'

type Offered = Extract<ProbeReport, { available: true }>['capabilities']

const noUsb = { available: false, code: 'usb-missing', message: 'none' } as const
const always = ['disk:discard-changes', 'limit:disk-growth', 'limit:disk-rate', 'screen:screenshots', 'screen:watermark']

const factsOf = (capabilities: Offered, given: Partial<Omit<EngineReport, 'engines'>> = {}) => {
  const report: EngineReport = {
    engines: [{ name: 'qemu', report: { available: true, version: '8', capabilities } }],
    uplink: { available: false, code: 'uplink-missing', message: 'none' },
    ...{ usb: noUsb, scripts: false, folders: false, ...given },
  }
  return engineFacts(report)
}

describe('the facts of an engine', () => {
  it('offer a limit of computing time where its probe found one, and nowhere else', () => {
    expect(factsOf(new Set(['disk:ide', 'suspend', 'limit:processor']))).toEqual([
      { name: 'qemu', capabilities: [...always, 'suspend', 'limit:processor'] },
    ])
    expect(factsOf(new Set(['disk:ide', 'suspend']))).toEqual([{ name: 'qemu', capabilities: [...always, 'suspend'] }])
  })

  it('offer scripts where one can be kept apart, and nowhere else', () => {
    expect(factsOf(new Set(['disk:ide']), { scripts: true })).toEqual([{ name: 'qemu', capabilities: [...always, 'scripts'] }])
    expect(factsOf(new Set(['disk:ide']))).toEqual([{ name: 'qemu', capabilities: always }])
  })

  it('offer USB devices where both the engine takes them and the host gives them', () => {
    const usb = { available: true, program: '/usr/bin/usbredirect' } as const
    const offers = (capabilities: Offered, given: EngineReport['usb']) =>
      factsOf(capabilities, { usb: given })[0]?.capabilities.includes('usb:redirect')
    expect(offers(new Set(['usb:redirect']), usb)).toBe(true)
    expect(offers(new Set(['usb:redirect']), noUsb)).toBe(false)
    expect(offers(new Set(['usb:xhci']), usb)).toBe(false)
    expect(factsOf(new Set(['usb:redirect', 'usb:xhci']), { usb })[0]?.hardware).toEqual(['usb:xhci'])
  })

  it('offer an isolated network wherever there is a card, and the others where there is a way out too', () => {
    const network = (uplink: EngineReport['uplink'], ...capabilities: ('network:e1000' | 'suspend')[]) =>
      factsOf(new Set(capabilities), { uplink })[0]?.capabilities.filter((name) => name.includes('network'))
    const out = { available: true, program: '/usr/bin/passt' } as const
    const none = { available: false, code: 'uplink-missing', message: 'none' } as const
    expect(network(out, 'network:e1000')).toEqual([
      ...['limit:network-rate', 'network:isolated'],
      ...['network:deny', 'network:domain', 'network:host-only', 'network:listed'],
    ])
    expect(network(none, 'network:e1000')).toEqual(['limit:network-rate', 'network:isolated'])
    expect(network(out, 'suspend')).toEqual([])
  })

  it('offer a printer and `guestinfo.*` over any network card, and folders where they can be served', () => {
    const offered = (folders: boolean, ...capabilities: readonly ('network:e1000' | 'suspend')[]) =>
      factsOf(new Set(['disk:ide', ...capabilities]), { folders })[0]?.capabilities.filter((name) => /^(?:folders:|printer:|guest-info$)/.test(name))
    expect(offered(true, 'network:e1000')).toEqual(['folders:read-only', 'folders:read-write', 'guest-info', 'printer:pdf-folder'])
    expect(offered(false, 'network:e1000')).toEqual(['guest-info', 'printer:pdf-folder'])
    expect(offered(true, 'suspend')).toEqual([])
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
