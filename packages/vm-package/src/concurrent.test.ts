// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { forEachConcurrent } from './concurrent.ts'

describe('forEachConcurrent', () => {
  it('acts on every item and never on more than the limit at once', async () => {
    const seen: number[] = []
    let running = 0
    let most = 0
    await forEachConcurrent([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
      running += 1
      most = Math.max(most, running)
      await new Promise((resolve) => setImmediate(resolve))
      running -= 1
      seen.push(item)
    })
    expect(seen.sort()).toEqual([1, 2, 3, 4, 5, 6, 7])
    expect(most).toBe(3)
  })

  it('throws the first failure once everything under way has ended, and takes no further item', async () => {
    const started: number[] = []
    let ended = 0
    const act = async (item: number) => {
      started.push(item)
      await new Promise((resolve) => setImmediate(resolve))
      ended += 1
      if (item === 2) throw new Error('second')
    }
    await expect(forEachConcurrent([1, 2, 3, 4, 5, 6, 7, 8], 2, act)).rejects.toThrow('second')
    expect(ended).toBe(started.length)
    expect(started.length).toBeLessThan(8)
  })

  it('waits for what is under way when the items themselves fail', async () => {
    let ended = false
    async function* items() {
      yield 1
      throw new Error('no more')
    }
    const act = async () => {
      await new Promise((resolve) => setImmediate(resolve))
      ended = true
    }
    await expect(forEachConcurrent(items(), 4, act)).rejects.toThrow('no more')
    expect(ended).toBe(true)
  })
})
