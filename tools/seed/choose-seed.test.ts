// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chooseSeed, KEPT_SEED } from './choose-seed.ts'

describe('the seed of the property tests', () => {
  it('is the kept one unless another is asked for', () => {
    expect([chooseSeed(undefined), chooseSeed('')]).toEqual([KEPT_SEED, KEPT_SEED])
    expect([chooseSeed('0'), chooseSeed('7'), chooseSeed('2147483647')]).toEqual([0, 7, 2 ** 31 - 1])
  })

  it('is a new one in every random run', () => {
    const drawn = new Set(Array.from({ length: 20 }, () => chooseSeed('random')))
    expect(drawn.size).toBe(20)
    for (const seed of drawn) expect(chooseSeed(String(seed))).toBe(seed)
  })

  it.each(['-1', '1.5', '2147483648', 'rnd', '0x10', ' 7'])('is never misread from `%s`', (asked) => {
    expect(() => chooseSeed(asked)).toThrow('CASEMATE_SEED')
  })

  it('is in force in this run, so that the same seed draws the same', () => {
    const seed = Number(process.env.CASEMATE_SEED)
    expect(fc.readConfigureGlobal().seed).toBe(seed)
    const draw = (own?: number) => fc.sample(fc.string({ minLength: 8 }), { numRuns: 50, ...(own === undefined ? {} : { seed: own }) })
    expect(draw()).toEqual(draw())
    expect(draw()).toEqual(draw(seed))
    expect(draw()).not.toEqual(draw(seed + 1))
  })
})
