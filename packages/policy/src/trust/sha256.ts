// SPDX-License-Identifier: Apache-2.0

const hexDigits = '0123456789abcdef'

export async function sha256(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await globalThis.crypto.subtle.digest('SHA-256', new Uint8Array(bytes)))
}

/** 64 lower-case hex digits. */
export async function sha256Hex(bytes: Uint8Array): Promise<string> {
  let text = ''
  for (const byte of await sha256(bytes)) text += hexDigits.charAt(byte >> 4) + hexDigits.charAt(byte & 15)
  return text
}
