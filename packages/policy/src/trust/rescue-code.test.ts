// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PolicyError } from '../error.ts'
import {
  type RescueCommitment,
  type RescueProblem,
  readRescueRequest,
  rescueDigest,
  rescueProblem,
  verifyRescueCode,
  writeRescueCode,
  writeRescueRequest,
} from './rescue-code.ts'

const bytes = Uint8Array.from({ length: 32 }, (_, index) => index * 7)
const code = writeRescueCode(bytes)
const request = { device: 'laptop-1', seq: 40, problem: 'offline' as const }
const commitment: RescueCommitment = { problem: 'offline', grant: { minutes: 60 }, sha256: await rescueDigest(request, code) }
const lease: { sub: string; seq: number; rescue: RescueCommitment[] } = { sub: 'laptop-1', seq: 40, rescue: [commitment] }
const never = () => false
const codeOf = (error: unknown) => (error instanceof PolicyError ? error.code : error)
const outcome = async (typed = code, problem: RescueProblem = 'offline', of = lease, wasUsed: (sha256: string) => boolean = never) =>
  await verifyRescueCode(typed, problem, of, wasUsed).catch(codeOf)

describe('a rescue code', () => {
  it('holds 100 bits in letters that are not mistaken for each other', () => {
    expect(code).toMatch(/^(?:[0-9A-HJKMNP-TV-Z]{5}-){3}[0-9A-HJKMNP-TV-Z]{5}$/)
    expect(writeRescueCode(new Uint8Array(13))).toBe('00000-00000-00000-00000')
    expect(writeRescueCode(new Uint8Array(13).fill(255))).toBe('ZZZZZ-ZZZZZ-ZZZZZ-ZZZZZ')
    for (let bit = 0; bit < 104; bit += 1) {
      const flipped = new Uint8Array(bytes)
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (0x80 >> (bit & 7))
      expect(writeRescueCode(flipped) === code, `bit ${bit}`).toBe(bit >= 100)
    }
  })

  it('opens what the lease commits to, however it is typed', async () => {
    expect(await outcome()).toEqual(commitment)
    expect(await outcome(code.toLowerCase().replaceAll('-', ' '))).toEqual(commitment)
    expect(await outcome(code.replaceAll('0', 'o').replaceAll('1', 'l'))).toEqual(commitment)
  })

  it.each<[string, () => Promise<unknown>, string]>([
    ['for another device', () => outcome(code, 'offline', { ...lease, sub: 'laptop-2' }), 'rescue-code-wrong'],
    ['under another lease', () => outcome(code, 'offline', { ...lease, seq: 41 }), 'rescue-code-wrong'],
    ['for another problem', () => outcome(code, 'expired'), 'rescue-code-wrong'],
    ['that the lease does not name', () => outcome(code, 'offline', { ...lease, rescue: [] }), 'rescue-code-wrong'],
    ['with another letter', () => outcome(`${code.slice(0, -1)}${code.endsWith('Z') ? 'Y' : 'Z'}`), 'rescue-code-wrong'],
    ['a second time', () => outcome(code, 'offline', lease, (sha256) => sha256 === commitment.sha256), 'rescue-code-used'],
    ['that is too short', () => outcome(code.slice(0, -1)), 'rescue-code-invalid'],
    ['with a letter that codes do not have', () => outcome(`${code.slice(0, -1)}U`), 'rescue-code-invalid'],
  ])('is refused %s', async (_what, act, refusal) => {
    expect(await act()).toBe(refusal)
    expect(await outcome()).toEqual(commitment)
  })

  it('of one problem is none of another, though the lease names its digest there', async () => {
    const moved: RescueCommitment = { problem: 'expired', grant: { minutes: 60 }, sha256: commitment.sha256 }
    expect(await outcome(code, 'expired', { ...lease, rescue: [moved] })).toBe('rescue-code-wrong')
    expect(await outcome(code, 'offline', { ...lease, rescue: [moved] })).toBe('rescue-code-wrong')
    expect(await outcome(code, 'offline', { ...lease, rescue: [moved, commitment] })).toEqual(commitment)
  })
})

describe('a request for one', () => {
  it('is read as it was written, in any case and with blanks for slashes', async () => {
    const text = await writeRescueRequest(request)
    expect(text).toMatch(/^laptop-1\/40\/offline\/[0-9A-Z]{2}$/)
    expect(await readRescueRequest(text)).toEqual(request)
    expect(await readRescueRequest(` ${text.toUpperCase().replaceAll('/', ' / ')}\n`)).toEqual(request)
  })

  it('comes back for any device, number and problem', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('a', 'x-9', 'laptop-1'),
        fc.integer({ min: 1, max: 1e9 }),
        fc.constantFrom(...rescueProblem.options),
        async (device, seq, problem) => {
          expect(await readRescueRequest(await writeRescueRequest({ device, seq, problem }))).toEqual({ device, seq, problem })
        },
      ),
    )
  })

  it.each(['laptop-2/40/offline', 'laptop-1/41/offline', 'laptop-1/40/expired'])('is refused where something was misheard: %s', async (misheard) => {
    const text = await writeRescueRequest(request)
    await expect(readRescueRequest(`${misheard}${text.slice(-3)}`)).rejects.toMatchObject({ code: 'rescue-request-invalid' })
    expect(await readRescueRequest(text)).toEqual(request)
  })

  it.each(['', 'laptop-1', 'laptop-1/40/offline', 'laptop-1/0/offline/AA', 'laptop-1/40/other/AA', 'laptop-1/40/offline/AA/AA'])(
    'is refused as %j',
    async (text) => {
      await expect(readRescueRequest(text)).rejects.toMatchObject({ code: 'rescue-request-invalid' })
    },
  )
})
