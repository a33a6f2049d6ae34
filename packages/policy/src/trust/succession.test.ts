// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { judgeSuccession, type NewestLease } from './succession.ts'

const newest: NewestLease = { seq: 7, nonce: 'n', follows: 6 }

describe('the successor of a lease', () => {
  it.each([
    [null, 0, 'n', 'next'],
    [null, 1, 'n', 'copied'],
    [newest, 7, 'm', 'next'],
    [newest, 6, 'n', 'again'],
    [newest, 6, 'm', 'copied'],
    [newest, 5, 'n', 'copied'],
    [newest, 8, 'm', 'copied'],
    [newest, 0, 'm', 'copied'],
  ] as const)('after %j, a proof with seq %i and nonce %s is judged %s', (last, seq, nonce, outcome) => {
    expect(judgeSuccession(last, { seq, nonce })).toBe(outcome)
  })

  it('never finds a device copied that merely loses answers, and always one that was, at its second question', () => {
    const device = () => ({ seq: 0, unanswered: null as string | null })
    let last: NewestLease | null = null
    let fresh = 0
    const ask = (state: ReturnType<typeof device>, lost: boolean) => {
      state.unanswered ??= `nonce-${fresh++}`
      const outcome = judgeSuccession(last, { seq: state.seq, nonce: state.unanswered })
      if (outcome === 'copied') return outcome
      last = { seq: (last?.seq ?? 0) + 1, nonce: state.unanswered, follows: state.seq }
      if (!lost) Object.assign(state, { seq: last.seq, unanswered: null })
      return outcome
    }
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1 }), (losses) => {
        last = null
        const original = device()
        for (const lost of losses) expect(ask(original, lost)).not.toBe('copied')
        const copy = { ...original }
        const outcomes = [ask(original, false), ask(copy, false), ask(original, false), ask(copy, false)]
        expect(outcomes).toContain('copied')
      }),
    )
  })
})
