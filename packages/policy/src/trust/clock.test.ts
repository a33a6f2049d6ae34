// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { consoleKey } from '../../test/keys.ts'
import { clockState, firstClock, isBehind, readClock, replaceClock, tickClock, timeTyp, verifyTimeAnswer } from './clock.ts'
import { signToken } from './token.ts'

const at = (wall: number, mono: number, boot = 'one') => ({ wall, mono, boot })

describe('the floor of the clock', () => {
  it('never falls by local ticks, whatever the clocks do', () => {
    const local = fc.record({ wall: fc.nat({ max: 10_000 }), mono: fc.nat({ max: 10_000 }), boot: fc.constantFrom('one', 'two') })
    fc.assert(
      fc.property(local, fc.array(local), (first, ticks) => {
        let state = firstClock(first)
        for (const tick of ticks) {
          const next = tickClock(state, tick)
          expect(next.floor).toBeGreaterThanOrEqual(state.floor)
          expect(next.floor).toBeGreaterThanOrEqual(tick.wall)
          state = next
        }
      }),
    )
  })

  it('counts on while the system clock is held still, losing no fraction of a second', () => {
    let state = firstClock(at(1000, 0))
    for (let tick = 1; tick <= 20; tick += 1) state = tickClock(state, at(1000, tick * 0.9))
    expect(state.floor).toBe(1018)
  })

  it('keeps its height over a reboot', () => {
    expect(tickClock(firstClock(at(1000, 50)), at(900, 3, 'two'))).toEqual({ floor: 1000, boot: 'two', mono: 3 })
  })

  it('is replaced by a signed time, downward too', () => {
    expect(replaceClock(500, at(1000, 7)).floor).toBe(500)
    expect(replaceClock(5000, at(1000, 7)).floor).toBe(5000)
  })

  it('tolerates a system clock five minutes below it, and no second more', () => {
    expect(isBehind(700, 1000)).toBe(false)
    expect(isBehind(699, 1000)).toBe(true)
    const state = firstClock(at(1000, 0))
    expect(readClock(state, at(800, 100))).toEqual({ now: 1100, behind: false })
    expect(readClock(state, at(799, 100))).toEqual({ now: 1100, behind: true })
    expect(readClock(state, at(2000, 100))).toEqual({ now: 2000, behind: false })
  })

  it('is of whole seconds, whatever part of one the system clock shows', () => {
    expect(firstClock(at(1000.9, 0.5))).toEqual({ floor: 1000, boot: 'one', mono: 0.5 })
    expect(tickClock(firstClock(at(1000, 0)), at(1005.9, 1)).floor).toBe(1005)
    expect(readClock(firstClock(at(1000, 0)), at(1005.9, 1)).now).toBe(1005)
  })

  it('counts nothing while the monotonic clock goes back', () => {
    expect(tickClock(firstClock(at(1000, 50)), at(900, 20))).toEqual({ floor: 1000, boot: 'one', mono: 50 })
    expect(tickClock(firstClock(at(1000, 50)), at(900, 52.5))).toEqual({ floor: 1002, boot: 'one', mono: 52 })
  })

  it.each<[string, object, object]>([
    ['a boot of up to 128 letters', { boot: 'b'.repeat(128) }, { boot: 'b'.repeat(129) }],
    ['a monotonic time from 0 on', { mono: 0 }, { mono: -0.1 }],
    ['a floor from 0 on', { floor: 0 }, { floor: -1 }],
    ['members of its own only', {}, { note: 1 }],
  ])('is kept with %s', (_what, taken, refused) => {
    const isState = (change: object) => clockState.safeParse({ floor: 1, boot: 'one', mono: 1, ...change }).success
    expect([isState(taken), isState(refused)]).toEqual([true, false])
  })
})

describe('a signed answer to what time it is', async () => {
  const key = await consoleKey()
  const nonce = 'AAAAAAAAAAAAAAAAAAAAAA'
  const answer = (claims: object, typ = timeTyp) => signToken({ iss: 'example', nonce, time: 1234, ...claims }, { typ, signer: key.signer })
  const expected = { keys: key.keys, issuer: 'example', nonce }

  it('gives the time', async () => {
    expect(await verifyTimeAnswer(await answer({}), expected)).toBe(1234)
  })

  it('has at most 2,048 characters', async () => {
    await expect(verifyTimeAnswer('A'.repeat(2048), expected)).rejects.toThrow(expect.objectContaining({ code: 'token-form' }))
    await expect(verifyTimeAnswer('A'.repeat(2049), expected)).rejects.toThrow(expect.objectContaining({ code: 'token-size' }))
  })

  it.each([
    ['another question', { nonce: 'BAAAAAAAAAAAAAAAAAAAAA' }, timeTyp, 'time-answer'],
    ['another organisation', { iss: 'other' }, timeTyp, 'time-answer'],
    ['another use', {}, 'casemate-lease+jwt', 'token-typ'],
    ['no time', { time: '1234' }, timeTyp, 'token-claims'],
    ['an unknown member', { note: 1 }, timeTyp, 'token-claims'],
    ['a nonce of 21 letters', { nonce: 'n'.repeat(21) }, timeTyp, 'token-claims'],
    ['a nonce of 22 letters', { nonce: 'n'.repeat(22) }, timeTyp, 'time-answer'],
    ['a nonce of 86 letters', { nonce: 'n'.repeat(86) }, timeTyp, 'time-answer'],
    ['a nonce of 87 letters', { nonce: 'n'.repeat(87) }, timeTyp, 'token-claims'],
    ['a nonce with something before it', { nonce: `+${'n'.repeat(22)}` }, timeTyp, 'token-claims'],
    ['a nonce with something behind it', { nonce: `${'n'.repeat(22)}+` }, timeTyp, 'token-claims'],
  ])('is refused for %s', async (_what, claims, typ, code) => {
    await expect(verifyTimeAnswer(await answer(claims, typ), expected)).rejects.toThrow(expect.objectContaining({ code }))
  })
})
