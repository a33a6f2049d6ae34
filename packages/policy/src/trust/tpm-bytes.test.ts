// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { PolicyError } from '../error.ts'
import { TpmReader } from './tpm-bytes.ts'

const reader = (...bytes: readonly number[]) => new TpmReader(Uint8Array.from(bytes))
const outcome = (read: () => unknown) => {
  try {
    return read()
  } catch (error) {
    return error instanceof PolicyError ? error.code : error
  }
}

describe('a reader of what a TPM wrote', () => {
  it('reads integers with their highest byte first, one after the other', () => {
    const read = reader(0x01, 0x02, 0xff, 0xfe, 0xfd, 0xfc)
    expect([read.uint16(), read.uint32()]).toEqual([0x0102, 0xfffefdfc])
    expect(reader(0x00, 0x01, 0x00, 0x02).uint32()).toBe(0x10002)
  })

  it('reads to the last byte, and not one further', () => {
    expect(outcome(() => reader(1, 2).bytes(2))).toEqual(Uint8Array.of(1, 2))
    expect(outcome(() => reader(1, 2).bytes(3))).toBe('tpm-invalid')
    expect(outcome(() => reader(1).uint16())).toBe('tpm-invalid')
  })

  it('reads a sized field up to its limit, and leaves what follows it', () => {
    const read = reader(0, 2, 7, 8, 9)
    expect(read.sized(2)).toEqual(Uint8Array.of(7, 8))
    expect(read.bytes(1)).toEqual(Uint8Array.of(9))
    expect(outcome(() => reader(0, 2, 7, 8).sized(1))).toBe('tpm-invalid')
    expect(outcome(() => reader(0, 2, 7).sized(2))).toBe('tpm-invalid')
  })

  it('fills a coordinate up with zeros before it, and takes 32 bytes of one', () => {
    const full = Array.from({ length: 32 }, (_, at) => at + 1)
    expect(reader(0, 2, 7, 8).coordinate()).toEqual(Uint8Array.from([...Array.from({ length: 30 }, () => 0), 7, 8]))
    expect(reader(0, 32, ...full).coordinate()).toEqual(Uint8Array.from(full))
    expect(outcome(() => reader(0, 33, ...full, 33).coordinate())).toBe('tpm-invalid')
  })

  it('expects a value, and an end where nothing is left', () => {
    const read = reader(0, 0x0b)
    expect(outcome(() => read.end())).toBe('tpm-invalid')
    expect(outcome(() => read.expect16(0x0b, 'SHA-256'))).toBeUndefined()
    expect(outcome(() => read.end())).toBeUndefined()
    expect(outcome(() => reader(0, 0x0c).expect16(0x0b, 'SHA-256'))).toBe('tpm-invalid')
  })
})
