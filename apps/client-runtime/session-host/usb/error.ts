// SPDX-License-Identifier: Apache-2.0
import { CodedError } from '../coded-error.ts'

export const usbErrorCodes = [
  'usb-changed',
  'usb-gone',
  'usb-in-use',
  'usb-missing',
  'usb-not-now',
  'usb-protocol',
  'usb-refused',
  'usb-rejected',
  'usb-unknown',
  'usb-unsupported',
] as const
export type UsbErrorCode = (typeof usbErrorCodes)[number]

export class UsbError extends CodedError<UsbErrorCode> {
  override readonly name = 'UsbError'
}
