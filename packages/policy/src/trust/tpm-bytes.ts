// SPDX-License-Identifier: Apache-2.0
//
// How a TPM writes its structures (TPM 2.0 Library, Part 2, 4 and 10.4): integers are big-endian, a TPM2B is a 16-bit length and its bytes.
import { PolicyError } from '../error.ts'

export class TpmReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  uint16(): number {
    const [high = 0, low = 0] = this.bytes(2)
    return (high << 8) | low
  }

  uint32(): number {
    return this.uint16() * 0x1_0000 + this.uint16()
  }

  /** @throws PolicyError `tpm-invalid` where fewer are left */
  bytes(length: number): Uint8Array {
    const end = this.#at + length
    if (end > this.#bytes.length) throw tpmInvalid(`expected ${length} more bytes, found ${this.#bytes.length - this.#at}`)
    const found = this.#bytes.slice(this.#at, end)
    this.#at = end
    return found
  }

  /** A TPM2B of at most `most` bytes. */
  sized(most: number): Uint8Array {
    const length = this.uint16()
    if (length > most) throw tpmInvalid(`expected at most ${most} bytes, found ${length}`)
    return this.bytes(length)
  }

  /** A whole number of at most 32 bytes, with zeros before it: a TPM may leave them out. */
  coordinate(): Uint8Array {
    const found = this.sized(32)
    const padded = new Uint8Array(32)
    padded.set(found, 32 - found.length)
    return padded
  }

  expect16(value: number, what: string): void {
    const found = this.uint16()
    if (found !== value) throw tpmInvalid(`expected ${what} 0x${value.toString(16)}, found 0x${found.toString(16)}`)
  }

  /** @throws PolicyError `tpm-invalid` where something is left */
  end(): void {
    const left = this.#bytes.length - this.#at
    if (left !== 0) throw tpmInvalid(`expected nothing more, found ${left} bytes`)
  }
}

/** Part 2, 6.3 (TPM_ALG_ID) and 6.4 (TPM_ECC_CURVE). */
export const tpmAlgorithm = {
  ...{ rsa: 0x0001, aes: 0x0006, sha256: 0x000b, null: 0x0010, ecdsa: 0x0018, ecdh: 0x0019, ecc: 0x0023, cfb: 0x0043 },
} as const
export const tpmCurveP256 = 0x0003

export function tpmInvalid(message: string): PolicyError {
  return new PolicyError('tpm-invalid', message)
}
