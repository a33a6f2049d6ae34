// SPDX-License-Identifier: Apache-2.0
//
// The second line behind the filter: QEMU's own `filter` of a redirected device, of the one device that was let in and no other.

/** Which classes of the device that was let in QEMU takes. */
export interface UsbAdmission {
  /** Hexadecimal, as in `UsbIdentity`. */
  readonly vendor: string
  readonly product: string
  readonly classes: readonly { readonly class: string; readonly allowed: boolean }[]
  /** Of a class that is not among them. */
  readonly others: boolean
}

/** `class:vendor:product:version:allow` each, -1 for any; the first that fits decides (qemu-system(1), `-device usb-redir`). */
export function filterProperty({ vendor, product, classes, others }: UsbAdmission): string {
  const rule = (code: string, allowed: boolean): string => `${code}:0x${vendor}:0x${product}:-1:${allowed ? 1 : 0}`
  return [...classes.map((entry) => rule(`0x${entry.class}`, entry.allowed)), rule('-1', others), '-1:-1:-1:-1:0'].join('|')
}
