// SPDX-License-Identifier: Apache-2.0
//
// Who a USB device says it is: in the packets of the redirection, and again in the descriptors that the guest's own drivers go by (USB 2.0, 9.6).
import { protocolFault } from './wire.ts'

/** In lower case hexadecimal, as policies name them: four digits, four, and two for each class of the device and of its interfaces. */
export interface UsbIdentity {
  readonly vendor: string
  readonly product: string
  readonly classes: readonly string[]
}

const descriptor = { device: 1, configuration: 2, interface: 4, otherSpeed: 7 } as const
const mostInterfaces = 32

export const hexOf = (value: number, digits: number): string => value.toString(16).padStart(digits, '0')

/** Of `usb_redir_device_connect`. */
export function announced(body: Buffer): { readonly vendor: string; readonly product: string; readonly classes: readonly string[] } {
  const named = { vendor: hexOf(body.readUInt16LE(4), 4), product: hexOf(body.readUInt16LE(6), 4) }
  return { ...named, classes: deviceClass(body.readUInt8(1), body.readUInt8(2), body.readUInt8(3)) }
}

/** Of `usb_redir_interface_info`. */
export function interfaceClasses(body: Buffer): readonly string[] {
  const count = body.readUInt32LE(0)
  if (count > mostInterfaces) throw protocolFault(`a device with ${count} interfaces`)
  return [...new Set([...body.subarray(36, 36 + count)].map((code) => hexOf(code, 2)))]
}

/** None where the interfaces alone say what the device is: 00, and ef/02/01 for one that groups them (usb.org, Defined Class Codes). */
export function deviceClass(code: number, subclass: number, protocol: number): readonly string[] {
  const byInterfaces = code === 0 || (code === 0xef && subclass === 2 && protocol === 1)
  return byInterfaces ? [] : [hexOf(code, 2)]
}

/**
 * What a descriptor that the device handed over, whole or its beginning, says of it; null: that kind says nothing.
 * @param type that was asked for
 */
export function described(type: number, bytes: Buffer): Partial<UsbIdentity> | null {
  if (type !== descriptor.device && type !== descriptor.configuration && type !== descriptor.otherSpeed) return null
  if (bytes.length >= 2 && bytes.readUInt8(1) !== type) throw protocolFault(`a descriptor of type ${bytes.readUInt8(1)} in place of ${type}`)
  return type === descriptor.device ? ofDevice(bytes) : { classes: ofConfiguration(bytes) }
}

function ofDevice(bytes: Buffer): Partial<UsbIdentity> {
  return {
    ...(bytes.length < 7 ? {} : { classes: deviceClass(bytes.readUInt8(4), bytes.readUInt8(5), bytes.readUInt8(6)) }),
    ...(bytes.length < 10 ? {} : { vendor: hexOf(bytes.readUInt16LE(8), 4) }),
    ...(bytes.length < 12 ? {} : { product: hexOf(bytes.readUInt16LE(10), 4) }),
  }
}

function ofConfiguration(bytes: Buffer): readonly string[] {
  const classes = new Set<string>()
  for (let at = 0; at + 1 < bytes.length; ) {
    const length = bytes.readUInt8(at)
    if (length < 2) throw protocolFault(`a descriptor of ${length} bytes`)
    // Drivers differ in what they make of a short one: its class counts as soon as it is there.
    if (bytes.readUInt8(at + 1) === descriptor.interface && at + 5 < bytes.length) classes.add(hexOf(bytes.readUInt8(at + 5), 2))
    at += length
  }
  return [...classes]
}
