// SPDX-License-Identifier: Apache-2.0
import { EngineError } from '@casemate/engine/error'
import { expect, it } from 'vitest'
import { daemonRoutes, sessionView } from '../local-api.ts'
import { listUsb } from './usb-view.ts'

const device = { bus: 1, address: 2, vendor: '0781', product: '5567', classes: ['08'], name: 'Cruzer' }
const host = {
  list: async () => [
    { ...device, at: '1-1' },
    { ...device, at: '1-2', name: '' },
  ],
}
const view = sessionView.parse({
  ...{ session: 's1', instance: 'office-1', desktop: 'office', package: { name: 'office', version: '1', sha256: '0'.repeat(64) } },
  ...{ engine: 'qemu', state: 'running', holds: [], reason: null, requests: [], network: 'none', quarantine: [] },
  ...{ clipboard: { toGuest: false, fromGuest: false }, content: null, guest: null, drives: [] },
  usb: [{ at: '1-2', device: '0781:5567 (class 08)', name: '' }],
})

it('lists what is plugged into the computer, and which open instance has it', async () => {
  const found = await listUsb(host, [view])
  expect(daemonRoutes.usb.response.parse(found)).toEqual(found)
  expect(found.devices).toEqual([
    { at: '1-1', device: '0781:5567 (class 08)', name: 'Cruzer', instance: null },
    { at: '1-2', device: '0781:5567 (class 08)', name: '', instance: 'office-1' },
  ])
})

it('says by name that a computer has no USB', async () => {
  const none = {
    list: async () => {
      throw new EngineError('usb-missing', 'none')
    },
  }
  await expect(listUsb(none, [])).rejects.toMatchObject({ code: 'usb-missing' })
})

it.each([
  ['1-2.4', true],
  ['0781:5567', true],
  ['0781:556', false],
  ['../1-2', false],
  ['1-2:1.0', false],
  ['usb1', false],
])('takes as a device %s: %s', (named, fits) => {
  expect(daemonRoutes.changeUsb.request.safeParse({ instance: 'office-1', device: named, attached: true }).success).toBe(fits)
})
