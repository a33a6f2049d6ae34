// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { lifecycle, nextState, type VmRequest, type VmState } from './lifecycle.ts'

const states = Object.keys(lifecycle) as VmState[]
const gone: readonly VmState[] = ['suspended', 'stopped', 'failed']

describe('the lifecycle table', () => {
  it('lets nothing bring back a VM whose process is gone', () => {
    for (const state of gone) expect(Object.values(lifecycle[state]).every((step) => step === 'refuse' || step === 'stay')).toBe(true)
  })

  it('lets every VM be stopped', () => {
    for (const state of states) expect(lifecycle[state].stop).toBe(gone.includes(state) ? 'stay' : 'stopped')
  })

  it('never sends a VM to failed or starved on request', () => {
    const steps = states.flatMap((state) => Object.values(lifecycle[state]))
    expect(steps).not.toContain('failed')
    expect(steps).not.toContain('starved')
  })

  it.each<[VmState, VmRequest, VmState | 'stay']>([
    ['prepared', 'start', 'running'],
    ['running', 'resume', 'stay'],
    ['starved', 'resume', 'running'],
    ['running', 'snapshot', 'running'],
  ])('answers `%s` and `%s` with `%s`', (state, request, step) => {
    expect(nextState(state, request)).toBe(step)
  })

  it('refuses by name', () => {
    expect(() => nextState('running', 'start')).toThrow(
      expect.objectContaining({ code: 'lifecycle-refused', message: 'a VM that is `running` does not take `start`' }),
    )
  })
})
