// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Progress } from './progress.mjs'

beforeEach(() => void vi.useFakeTimers({ now: 0 }))
afterEach(() => void vi.useRealTimers())

/** Runs a step of 31 s beside one that has nothing to measure. @returns what was written to an output of that kind. */
async function written(kind: { readonly isTTY: boolean; readonly columns?: number }): Promise<string[]> {
  const texts: string[] = []
  const progress = new Progress({ ...kind, write: (text) => texts.push(text) }, 0)
  let done = 0
  const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
  progress.tell('fetching')
  const both = Promise.all([
    progress.during(
      'packages',
      () => wait(31_000),
      () => `${++done} looked`,
    ),
    progress.during('pages', () => wait(20_000)),
  ])
  await vi.advanceTimersByTimeAsync(60_000)
  await both
  return texts
}

it('writes a line every 15 s where nobody rewrites it, and none once the step is over', async () => {
  expect(await written({ isTTY: false })).toEqual([
    '[   0.0 s] fetching\n',
    '[  15.0 s] packages: 1 looked, 15 s; pages: 15 s\n',
    '[  30.0 s] packages: 2 looked, 30 s\n',
  ])
})

it('rewrites one line on a terminal, never wider than it is, and leaves it empty', async () => {
  const texts = await written({ isTTY: true, columns: 20 })
  expect(texts).toContain('packages: 4 looked,')
  expect(texts.join('').split('\n')).toHaveLength(2)
  expect(Math.max(...texts.slice(2).map((text) => text.length))).toBeLessThan(20)
  expect(texts.at(-1)).toBe('\r\u001b[2K')
})

it('goes on where what is measured has vanished, and passes on what the step fails with', async () => {
  const texts: string[] = []
  const progress = new Progress({ write: (text) => texts.push(text) }, 0)
  const gone = () => Promise.reject(new Error('ENOENT'))
  const failing = progress.during('packages', () => new Promise((_, reject) => setTimeout(reject, 16_000, new Error('no mirror'))), gone)
  const failed = expect(failing).rejects.toThrow('no mirror')
  await vi.advanceTimersByTimeAsync(16_000)
  await failed
  expect(texts).toEqual(['[  15.0 s] packages: 15 s\n'])
})
