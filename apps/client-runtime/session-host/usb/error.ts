// SPDX-License-Identifier: Apache-2.0

/** Stable codes: callers branch on them, messages are for people. */
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

export class UsbError extends Error {
  override readonly name = 'UsbError'
  readonly code: UsbErrorCode

  constructor(code: UsbErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}
