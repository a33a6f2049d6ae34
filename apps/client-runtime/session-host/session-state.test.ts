// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import type { SessionState } from '../local-api.ts'
import { after, type SessionStep, sessionTable } from './session-state.ts'

const states: readonly SessionState[] = ['locked', 'preparing', 'running', 'paused', 'ending', 'suspended', 'blocked']

describe('the session table', () => {
  it('blocks on a fault from every state in which something of the instance is open', () => {
    const open = states.filter((state) => sessionTable[state].fault === 'blocked')
    expect(open).toEqual(['locked', 'preparing', 'running', 'paused', 'ending'])
  })

  it('leaves blocked only by closing', () => {
    const steps: readonly SessionStep[] = ['held', 'released', 'closing', 'stopped', 'fault']
    expect(steps.filter((step) => after('blocked', step) !== null)).toEqual(['closing'])
  })

  it('reaches running only from preparing and from paused', () => {
    const ways = states.flatMap((state) =>
      Object.entries(sessionTable[state])
        .filter(([, target]) => target === 'running')
        .map(([step]) => `${state}:${step}`),
    )
    expect(ways).toEqual(['preparing:started', 'paused:released'])
  })

  it('goes back to preparing only from where a VM runs or is paused', () => {
    expect(states.filter((state) => sessionTable[state].reverting === 'preparing')).toEqual(['running', 'paused'])
    expect(states.filter((state) => sessionTable[state].reverting !== 'preparing').map((state) => sessionTable[state].reverting)).toEqual(
      Array(5).fill('never'),
    )
  })

  it('throws on a step that cannot happen instead of taking it', () => {
    expect(after('locked', 'unlock')).toBe('preparing')
    expect(() => after('running', 'unlock')).toThrow('`running` cannot meet `unlock`')
  })
})
