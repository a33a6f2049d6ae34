// SPDX-License-Identifier: Apache-2.0
import { PackageError } from './error.ts'

/** Of a EULA's text. */
export const mostEulaBytes = 262_144

/** @throws PackageError `eula-invalid` for what is empty, too long or no UTF-8. */
export function readEula(bytes: Uint8Array): string {
  if (bytes.byteLength === 0 || bytes.byteLength > mostEulaBytes) {
    throw new PackageError('eula-invalid', `expected a EULA of 1 to ${mostEulaBytes} bytes, found ${bytes.byteLength}`)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new PackageError('eula-invalid', 'expected a EULA in UTF-8, found other bytes', cause)
  }
}
