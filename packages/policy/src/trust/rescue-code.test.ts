// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PolicyError } from '../error.ts'
import {
  type RescueCommitment,
  type RescueProblem,
  readRescueRequest,
  rescue,
  rescueBy,
  rescueCommitment,
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

  it('names one of three problems, and ends with its two letters', async () => {
    expect(rescueProblem.options).toEqual(['expired', 'offline', 'locked'])
    const text = await writeRescueRequest(request)
    await expect(readRescueRequest(`${text}/${text.slice(-2)}`)).rejects.toMatchObject({ code: 'rescue-request-invalid' })
    expect(await readRescueRequest(text)).toEqual(request)
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

describe('what a lease commits to', () => {
  const sha256 = 'ab'.repeat(32)
  const takes = (value: object) => rescueCommitment.safeParse({ sha256, ...value }).success

  it.each(['expired', 'offline'])('is a time from one minute to 366 days: %s', (problem) => {
    const minutes = (count: number) => takes({ problem, grant: { minutes: count } })
    expect([minutes(1), minutes(527_040)]).toEqual([true, true])
    expect([minutes(0), minutes(527_041), minutes(1.5)]).toEqual([false, false, false])
    expect(takes({ problem, grant: { minutes: 1, days: 1 } })).toBe(false)
    expect(takes({ problem, grant: { minutes: 1 }, note: 'x' })).toBe(false)
    expect(takes({ problem, grant: null })).toBe(false)
  })

  it('is no time where a lock is lifted', () => {
    expect(takes({ problem: 'locked', grant: null })).toBe(true)
    expect(takes({ problem: 'locked', grant: { minutes: 1 } })).toBe(false)
    expect(takes({ problem: 'locked', grant: null, note: 'x' })).toBe(false)
  })
})

describe('a code that was used', () => {
  const of = { iss: 'example', sub: 'laptop-1', cnf: { jkt: 'A'.repeat(43) } }
  const minutes = (problem: 'expired' | 'offline', sha256: string) => rescueBy({ problem, grant: { minutes: 60 }, sha256 }, of, 'office', 1000)

  it('holds from that second on for its minutes, under the first 128 bits of its digest', () => {
    const found = minutes('offline', `${'00'.repeat(15)}ff${'ab'.repeat(16)}`)
    expect(found).toEqual({ ...of, id: 'AAAAAAAAAAAAAAAAAAAA_w', desktop: 'office', kind: 'rescue', problem: 'offline', iat: 1000, exp: 4600 })
    expect(rescue.parse(found)).toEqual(found)
    expect(rescue.safeParse({ ...found, note: 'x' }).success).toBe(false)
    expect(rescue.safeParse({ ...found, cnf: { ...of.cnf, note: 'x' } }).success).toBe(false)
    expect(rescue.safeParse({ ...found, problem: 'locked' }).success).toBe(false)
    expect(minutes('expired', 'ab'.repeat(32))).toMatchObject({ problem: 'expired', iat: 1000, exp: 4600 })
  })

  it('leaves nothing where it lifted a lock', () => {
    expect(rescueBy({ problem: 'locked', grant: null, sha256: 'ab'.repeat(32) }, of, 'office', 1000)).toBeNull()
  })
})

describe('the number in a request', () => {
  it('has fifteen digits at most, and begins with none that says nothing', async () => {
    const read = async (seq: string) => {
      const text = await writeRescueRequest({ ...request, seq: Number(seq) })
      return await readRescueRequest(text.replace(String(Number(seq)), seq)).catch(codeOf)
    }
    expect(await read('9'.repeat(15))).toEqual({ ...request, seq: 999_999_999_999_999 })
    expect(await read('1'.padEnd(16, '0'))).toBe('rescue-request-invalid')
    expect(await read('040')).toBe('rescue-request-invalid')
    expect(await read('40')).toEqual(request)
  })
})
