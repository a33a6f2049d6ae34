// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { waitFor } from './patience.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'performance'] }))
afterEach(() => void vi.useRealTimers())

/** Waits for something that comes when `arrive` is called; the outcome so far. */
function begin() {
  const { promise, resolve } = Promise.withResolvers<string>()
  let last = 0
  let fetching = true
  const state = { outcome: 'waiting' }
  const waiting = waitFor(promise, { quietMs: 2000, fetchBegan: () => (fetching ? 0 : null), lastArrival: () => last }, () => new Error('late'))
  waiting.then(
    (value) => {
      state.outcome = value
    },
    (error: Error) => {
      state.outcome = error.message
    },
  )
  const otherArrives = () => {
    last = performance.now()
  }
  const endFetch = () => {
    fetching = false
  }
  return { state, arrive: () => resolve('here'), otherArrives, endFetch }
}

describe('a read that waits', () => {
  it('gives up when nothing has come for the quiet time', async () => {
    const { state } = begin()
    await vi.advanceTimersByTimeAsync(1999)
    expect(state.outcome).toBe('waiting')
    await vi.advanceTimersByTimeAsync(2)
    expect(state.outcome).toBe('late')
  })

  it('gets what comes in time', async () => {
    const { state, arrive } = begin()
    await vi.advanceTimersByTimeAsync(1999)
    arrive()
    await vi.advanceTimersByTimeAsync(100_000)
    expect(state.outcome).toBe('here')
  })

  it('waits on while other objects come, up to five times as long', async () => {
    const { state, otherArrives } = begin()
    for (let second = 1; second < 10; second += 1) {
      await vi.advanceTimersByTimeAsync(1000)
      otherArrives()
      expect(state.outcome).toBe('waiting')
    }
    await vi.advanceTimersByTimeAsync(1001)
    expect(state.outcome).toBe('late')
  })

  it('counts the quiet time from the last arrival', async () => {
    const { state, otherArrives } = begin()
    await vi.advanceTimersByTimeAsync(1500)
    otherArrives()
    await vi.advanceTimersByTimeAsync(1999)
    expect(state.outcome).toBe('waiting')
    await vi.advanceTimersByTimeAsync(2)
    expect(state.outcome).toBe('late')
  })

  it('does not give up on what has come and is being opened', async () => {
    const { state, arrive, endFetch } = begin()
    await vi.advanceTimersByTimeAsync(1000)
    endFetch()
    await vi.advanceTimersByTimeAsync(100_000)
    expect(state.outcome).toBe('waiting')
    arrive()
    await vi.advanceTimersByTimeAsync(1)
    expect(state.outcome).toBe('here')
  })
})
