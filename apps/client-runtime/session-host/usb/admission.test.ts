// SPDX-License-Identifier: Apache-2.0
import { type UsbSetting, usbAllows } from '@casemate/policy/usb-rules'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { admissionOf } from './admission.ts'

const action = fc.constantFrom('allow' as const, 'block' as const)
const code = fc.constantFrom('01', '03', '08', '0e', 'ff')
const [vendor, product] = [fc.constantFrom('0781', '046d'), fc.constantFrom('5567', '0a44')]
const rules: fc.Arbitrary<UsbSetting> = fc.record({
  tables: fc.array(
    fc.record({
      general: action,
      classes: fc.uniqueArray(fc.record({ class: code, action }), { selector: (entry) => entry.class }),
      devices: fc.uniqueArray(fc.record({ vendor, product, action }), { selector: (entry) => `${entry.vendor}:${entry.product}` }),
    }),
    { minLength: 1, maxLength: 3 },
  ),
})
const device = fc.record({ vendor, product, classes: fc.uniqueArray(code, { minLength: 1 }) })

it('lets QEMU take the device with its classes exactly where the rules allow it', () => {
  fc.assert(
    fc.property(rules, device, (setting, found) => {
      const { classes, others } = admissionOf(setting, found)
      const taken = found.classes.every((wanted) => classes.find((entry) => entry.class === wanted)?.allowed ?? others)
      expect(taken).toBe(usbAllows(setting, found))
    }),
  )
})

it('takes no other class where each is named', () => {
  const classes = Array.from({ length: 256 }, (_, index) => ({ class: index.toString(16).padStart(2, '0'), action: 'allow' as const }))
  expect(admissionOf({ tables: [{ general: 'allow', classes, devices: [] }] }, { vendor: '0781', product: '5567' })).toMatchObject({ others: false })
})
