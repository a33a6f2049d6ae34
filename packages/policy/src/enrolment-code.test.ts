// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type EnrolmentCode, readEnrolmentCode, writeEnrolmentCode } from './enrolment-code.ts'
import { PolicyError } from './error.ts'

const code: EnrolmentCode = {
  rootSha256: 'ab'.repeat(32),
  address: 'https://console.example.org:8443',
  pin: 'cd'.repeat(32),
  secret: '0123456789abcdef0123456789abcdef',
  expires: 1_800_000_000,
}
const text = writeEnrolmentCode(code)
const now = code.expires - 1
const coded = (wanted: string) => expect.objectContaining({ name: 'PolicyError', code: wanted })

describe('an enrolment code', () => {
  it('round-trips, and is text that a QR code packs well', () => {
    expect(readEnrolmentCode(text, now)).toEqual(code)
    expect(text).toMatch(/^CASEMATE1(-[A-Z2-7]{1,8})+$/)
    expect(text.length).toBeLessThan(250)
  })

  it('is read however it was copied', () => {
    expect(readEnrolmentCode(`  ${text.toLowerCase().replaceAll('-', ' \n')} `, now)).toEqual(code)
  })

  it('may be used until it expires', () => {
    expect(readEnrolmentCode(text, code.expires - 1)).toEqual(code)
    expect(() => readEnrolmentCode(text, code.expires)).toThrow(coded('enrolment-code-expired'))
  })

  it('is refused with any one letter mistyped or any two neighbours swapped', () => {
    const letters = text.replaceAll('-', '')
    fc.assert(
      fc.property(fc.integer({ min: 9, max: letters.length - 2 }), fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'), (at, letter) => {
        const [one, two] = [letters.charAt(at), letters.charAt(at + 1)]
        fc.pre(letter !== one && one !== two)
        for (const slip of [letter + two, two + one]) {
          expect(() => readEnrolmentCode(letters.slice(0, at) + slip + letters.slice(at + 2), now)).toThrow(coded('enrolment-code-invalid'))
        }
      }),
    )
  })

  it('allows http on a loopback address only, and then has no pin', () => {
    for (const address of ['http://127.0.0.1:8080', 'http://[::1]:8080', 'http://localhost:8080']) {
      expect(readEnrolmentCode(writeEnrolmentCode({ ...code, address, pin: null }), now)).toEqual({ ...code, address, pin: null })
    }
    for (const wrong of [
      { address: 'http://console.example.org', pin: null },
      { address: 'http://127.0.0.1:8080' },
      { pin: null },
      { address: 'https://console.example.org/path' },
      { address: 'https://user@console.example.org' },
      { address: 'ftp://console.example.org' },
      { secret: 'short' },
    ]) {
      expect(() => writeEnrolmentCode({ ...code, ...wrong })).toThrow()
    }
  })

  it('is never read from random text, and nothing but a PolicyError comes of it', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.boolean(),
        (random, prefixed) => void expect(() => readEnrolmentCode(prefixed ? `CASEMATE1${random}` : random, now)).toThrow(PolicyError),
      ),
    )
  })
})
