// SPDX-License-Identifier: Apache-2.0
import { closedPlan, type LaunchPlan } from '@casemate/policy/launch-plan'
import { noUsb } from '@casemate/policy/usb-rules'
import { describe, expect, it } from 'vitest'
import { inForce, sharingInForce, usbInForce } from './in-force.ts'

const rule = { protocol: 'tcp' as const, cidr: '192.0.2.1/32', ports: [80, 80] as [number, number] }
const open = { allowed: true, maxBytes: 100 }
const plan: Pick<LaunchPlan, 'clipboard' | 'network'> = { clipboard: { toGuest: open, fromGuest: open }, network: { mode: 'listed', allow: [rule] } }

describe('inForce', () => {
  it.each(['open', 'warned'] as const)('is what the plan gives while the phase is %s', (phase) => {
    expect(inForce(plan, phase)).toEqual({ clipboard: plan.clipboard, network: plan.network })
  })

  it.each(['restricted', 'over'] as const)('is no network and no clipboard once the phase is %s', (phase) => {
    const closed = { allowed: false, maxBytes: 0 }
    expect(inForce(plan, phase)).toEqual({ clipboard: { toGuest: closed, fromGuest: closed }, network: { mode: 'none' } })
  })
})

describe('USB in force', () => {
  const usb = { tables: [{ general: 'allow' as const, classes: [], devices: [] }] }

  it.each([
    ['open', usb],
    ['warned', usb],
    ['restricted', noUsb],
    ['over', noUsb],
  ] as const)('while the phase is %s', (phase, expected) => expect(usbInForce({ usb }, phase)).toEqual(expected))
})

describe('sharingInForce', () => {
  const guestInfo = { toGuest: ['site'], fromGuest: ['ready'], maxBytes: 9 }
  const nothing = { printer: false, folders: 'none', guestInfo: { toGuest: [], fromGuest: [], maxBytes: 0 } }
  const given = { printer: 'pdf-folder' as const, sharing: { ...closedPlan.sharing, folders: 'read-write' as const }, guestInfo }

  it.each(['open', 'warned'] as const)('is what the plan gives while the phase is %s', (phase) => {
    expect(sharingInForce(given, phase)).toEqual({ printer: true, folders: 'read-write', guestInfo })
    expect(sharingInForce({ ...given, sharing: { ...given.sharing, folders: 'read-only' } }, phase).folders).toBe('read-only')
    expect(sharingInForce(closedPlan, phase)).toEqual(nothing)
  })

  it.each(['restricted', 'over'] as const)('is nothing once the phase is %s', (phase) => {
    expect(sharingInForce(given, phase)).toEqual(nothing)
  })
})
