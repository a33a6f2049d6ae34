// SPDX-License-Identifier: Apache-2.0
import { closedPlan, type LaunchPlan, launchPlan } from '@casemate/policy/launch-plan'
import { describe, expect, it } from 'vitest'
import { refuseUnenforced } from './unenforced.ts'

const rule = { protocol: 'tcp' as const, cidr: '192.0.2.1/32', ports: null }
const domain = { protocol: 'tcp' as const, domain: 'example.com', ports: null }
const plan = launchPlan.parse({
  ...closedPlan,
  ...{ session: 's1', instance: 'i1', desktop: 'demo', package: { name: 'demo', version: '1', sha256: '0'.repeat(64) } },
  ...{ engine: 'qemu', memoryMiB: 64, exit: 'user' },
})

describe('what a plan asks for', () => {
  it.each<[name: string, change: Partial<LaunchPlan>]>([
    ['a network of listed servers', { network: { mode: 'listed', allow: [{ protocol: 'tcp', cidr: '192.0.2.1/32', ports: null }] } }],
    ['servers listed by name', { network: { mode: 'listed', allow: [], allowDomains: [domain], denyDomains: [domain] } }],
    ['servers that are denied', { network: { mode: 'listed', allow: [rule], deny: [rule] } }],
    ['denied servers in a quarantine', { quarantine: { posture: [], outdated: { mode: 'listed', allow: [rule], deny: [rule] } } }],
    ['the host alone', { network: { mode: 'host-only', allowHost: [{ protocol: 'tcp', ports: [80, 80] }] } }],
    ['an isolated network', { network: { mode: 'isolated', lan: 'lab' } }],
    ['snapshots, taken and brought back', { snapshots: { take: true, revert: true } }],
    ['disks whose changes go', { diskChanges: 'discarded' }],
    ['a limit of computing time', { limits: { ...plan.limits, processorPercent: 50 } }],
    ['a limit of how far disks grow', { limits: { ...plan.limits, diskGrowthMiB: 1 } }],
    ['a rate of the disks', { limits: { ...plan.limits, diskKiBPerSecond: 64 } }],
    ['a rate of the network', { limits: { ...plan.limits, networkKbitPerSecond: 8 } }],
    [
      'the serial port, suspending and every power command',
      { serial: 'captured', exit: 'suspend', powerCommands: { pause: true, reset: true, powerButton: true } },
    ],
    ['drives for images and a parallel port', { drives: { cd: 'image', floppy: 'image' }, parallel: 'captured' }],
    ['scripts of the package', { scripts: { ...plan.scripts, powerOn: ['gate'] } }],
    ['USB devices of the host', { usb: { tables: [{ general: 'allow', classes: [], devices: [] }] } }],
    ['a watermark, and pictures that are kept', { screen: { mode: 'window', watermark: 'device-and-user', screenshots: 'allowed' } }],
    ['a printer', { printer: 'pdf-folder' }],
    ['what the guest tells', { guestInfo: { ...plan.guestInfo, fromGuest: ['ready'] } }],
    ['what the guest is told', { guestInfo: { ...plan.guestInfo, toGuest: ['site'] } }],
    ['folders to read', { sharing: { ...plan.sharing, folders: 'read-only' } }],
    ['folders to write', { sharing: { ...plan.sharing, folders: 'read-write' } }],
    ['text on the clipboard', { clipboard: { toGuest: { allowed: true, maxBytes: 9 }, fromGuest: { allowed: true, maxBytes: 9 } } }],
  ])('is taken where it is enforced: %s', (_name, change) => expect(() => refuseUnenforced({ ...plan, ...change })).not.toThrow())

  it.each<[missing: string, change: Partial<LaunchPlan>]>([
    ['re-authentication:sleep', { screenLock: { ...plan.screenLock, afterSleep: true } }],
    ['re-authentication:idle', { screenLock: { ...plan.screenLock, idleMinutes: 10 } }],
    ['drive:cd-host', { drives: { cd: 'host', floppy: 'none' } }],
    ['drive:floppy-host', { drives: { cd: 'none', floppy: 'host' } }],
    ['sound:output', { sound: 'output' }],
    ['clipboard:images', { sharing: { ...plan.sharing, images: { toGuest: 1, fromGuest: 0 } } }],
    ['drag-and-drop', { sharing: { ...plan.sharing, dragAndDrop: { toGuest: false, fromGuest: true } } }],
    ['screen:full-screen', { screen: { ...plan.screen, mode: 'full-screen' } }],
    ['screen:kiosk', { screen: { ...plan.screen, mode: 'kiosk' } }],
  ])('is refused where it is not, by name: %s', (missing, change) => {
    expect(() => refuseUnenforced(plan)).not.toThrow()
    expect(() => refuseUnenforced({ ...plan, ...change })).toThrow(
      expect.objectContaining({ code: 'capability-missing', message: `this session host lacks \`${missing}\`` }),
    )
  })
})
