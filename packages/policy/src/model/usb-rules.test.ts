// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { values } from '../../test/arbitraries.ts'
import { blocksUsb, meetUsb, noUsb, type UsbDevice, type UsbSetting, type UsbTable, usbAllows, usbSetting, usbWords } from './usb-rules.ts'

const table = (general: UsbTable['general'], more: Partial<UsbTable> = {}): UsbSetting => ({
  tables: [{ general, classes: [], devices: [], ...more }],
})
const stick: UsbDevice = { vendor: '0781', product: '5567', classes: ['08'] }
const headset: UsbDevice = { vendor: '046d', product: '0a44', classes: ['01', '03'] }

const device = fc.record({
  vendor: fc.constantFrom('0001', '0002'),
  product: fc.constantFrom('000a', '000b'),
  classes: fc.uniqueArray(fc.constantFrom('01', '03', '08'), { minLength: 1 }),
})

describe('USB rules', () => {
  it('allow together exactly what each of them allows, and the same in normal form', () => {
    fc.assert(
      fc.property(values.usb, values.usb, device, (one, other, found) => {
        expect(usbAllows(meetUsb(one, other), found)).toBe(usbAllows(one, found) && usbAllows(other, found))
        expect(usbAllows(meetUsb(one, one), found)).toBe(usbAllows(one, found))
      }),
      { numRuns: 500 },
    )
  })

  it.each<[string, UsbSetting, UsbDevice, boolean]>([
    ['the general rule decides for what nothing names', table('block'), stick, false],
    ['and so where it allows', table('allow'), stick, true],
    ['a class decides over it', table('allow', { classes: [{ class: '08', action: 'block' }] }), stick, false],
    ['and leaves other classes', table('allow', { classes: [{ class: '08', action: 'block' }] }), headset, true],
    [
      'a device decides over its class',
      table('block', { classes: [{ class: '08', action: 'block' }], devices: [{ vendor: '0781', product: '5567', action: 'allow' }] }),
      stick,
      true,
    ],
    [
      'another product of that vendor is another device',
      table('block', { devices: [{ vendor: '0781', product: '5568', action: 'allow' }] }),
      stick,
      false,
    ],
    ['of two classes a blocked one decides', table('allow', { classes: [{ class: '03', action: 'block' }] }), headset, false],
    ['a class that is not named falls under the general rule', table('block', { classes: [{ class: '01', action: 'allow' }] }), headset, false],
    [
      'all of its classes are allowed',
      table('block', {
        classes: [
          { class: '01', action: 'allow' },
          { class: '03', action: 'allow' },
        ],
      }),
      headset,
      true,
    ],
  ])('are judged by the most specific entry: %s', (_what, setting, found, allowed) => expect(usbAllows(setting, found)).toBe(allowed))

  it('that block all are one, whatever else stands beside', () => {
    const blocked = meetUsb(table('block', { classes: [{ class: '08', action: 'block' }] }), table('allow'))
    expect(blocked).toEqual(noUsb)
    expect([blocksUsb(blocked), blocksUsb(table('allow'))]).toEqual([true, false])
    expect(blocksUsb(table('block', { classes: [{ class: '08', action: 'allow' }] }))).toBe(false)
  })

  it('are told in words', () => {
    const some = table('allow', { classes: [{ class: '08', action: 'block' }], devices: [{ vendor: '0781', product: '5567', action: 'allow' }] })
    const only = table('block', { classes: [{ class: '01', action: 'allow' }], devices: [{ vendor: '046d', product: '0a44', action: 'block' }] })
    expect([noUsb, table('allow'), some, only, meetUsb(some, only)].map(usbWords)).toEqual([
      'none',
      'all',
      'all but class 08, yet 0781:5567',
      'only class 01, yet never 046d:0a44',
      'all but class 08, yet 0781:5567; and only class 01, yet never 046d:0a44',
    ])
  })

  it.each<[string, unknown]>([
    ['a class twice', table('allow', { classes: [1, 2].map(() => ({ class: '08', action: 'block' as const })) })],
    ['a device twice', table('allow', { devices: [1, 2].map(() => ({ vendor: '0001', product: '0001', action: 'block' as const })) })],
    ['capital letters', table('allow', { classes: [{ class: '0A', action: 'block' }] })],
    ['no table', { tables: [] }],
  ])('are refused with %s', (_what, setting) => {
    expect(usbSetting.safeParse(setting).success).toBe(false)
    expect(usbSetting.safeParse(table('allow', { classes: [{ class: '0a', action: 'block' }] })).success).toBe(true)
  })
})
