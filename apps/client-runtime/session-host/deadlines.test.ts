// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { phaseAt } from './deadlines.ts'

const deadlines = { warnAt: 100, restrictAt: 200, suspendAt: 300 }

describe('phaseAt', () => {
  it.each([
    [99, 'open'],
    [100, 'warned'],
    [199, 'warned'],
    [200, 'restricted'],
    [299, 'restricted'],
    [300, 'over'],
  ] as const)('at second %i is %s', (now, phase) => expect(phaseAt(deadlines, now)).toBe(phase))

  it('stays open for ever where no deadline is set', () => {
    expect(phaseAt({ warnAt: null, restrictAt: null, suspendAt: null }, Number.MAX_SAFE_INTEGER)).toBe('open')
  })

  it('lets the strictest passed step win when the steps are out of order', () => {
    expect(phaseAt({ warnAt: 300, restrictAt: null, suspendAt: 100 }, 100)).toBe('over')
  })
})
