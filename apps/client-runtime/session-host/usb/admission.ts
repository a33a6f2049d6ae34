// SPDX-License-Identifier: Apache-2.0
import type { UsbAdmission } from '@casemate/engine/usb-admission'
import type { UsbIdentity } from '@casemate/engine/usb-identity'
import { type UsbSetting, usbAllows } from '@casemate/policy/usb-rules'

/**
 * The rules for one device, class by class, as QEMU filters by them. It says the same as the rules: they allow several classes together exactly
 * where they allow each of them alone.
 */
export function admissionOf(rules: UsbSetting, { vendor, product }: Pick<UsbIdentity, 'vendor' | 'product'>): UsbAdmission {
  const named = new Set(rules.tables.flatMap(({ classes }) => classes.map((entry) => entry.class)))
  const allows = (code: string): boolean => usbAllows(rules, { vendor, product, classes: [code] })
  const unnamed = Array.from({ length: 256 }, (_, code) => code.toString(16).padStart(2, '0')).find((code) => !named.has(code))
  return {
    ...{ vendor, product },
    classes: [...named].sort().map((code) => ({ class: code, allowed: allows(code) })),
    others: unnamed !== undefined && allows(unnamed),
  }
}
