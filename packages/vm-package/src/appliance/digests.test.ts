// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { parseDigests } from './digests.ts'

const hex = { SHA1: 'a1'.repeat(20), SHA256: 'B2'.repeat(32), SHA512: 'c3'.repeat(64) }

describe("an appliance's manifest", () => {
  it('is read as VMware, VirtualBox and OpenSSL write it', () => {
    const text = `SHA256(web.ovf)= ${hex.SHA256}\r\nSHA1 (a disk.vmdk)= ${hex.SHA1}\n\nSHA512(b(1).vmdk) = ${hex.SHA512}`
    expect(parseDigests(Buffer.from(text))).toEqual(
      new Map([
        ['web.ovf', { algorithm: 'SHA256', hex: hex.SHA256.toLowerCase() }],
        ['a disk.vmdk', { algorithm: 'SHA1', hex: hex.SHA1 }],
        ['b(1).vmdk', { algorithm: 'SHA512', hex: hex.SHA512 }],
      ]),
    )
  })

  const bad: readonly [string, string][] = [
    ['an algorithm that is not taken', `MD5(a)= ${'a1'.repeat(16)}`],
    ['a digest of another length', `SHA256(a)= ${hex.SHA1}`],
    ['a line of another kind', 'hello'],
    ['a file twice', `SHA1(a)= ${hex.SHA1}\nSHA1(a)= ${hex.SHA1}`],
  ]
  it.each(bad)('is refused with %s, appliance-invalid', (_, text) => {
    expect(() => parseDigests(Buffer.from(text))).toThrow(expect.objectContaining({ code: 'appliance-invalid' }))
  })
})
