// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { bootEnd, bootWords } from './boot-end.ts'

const limits = { quietSeconds: 30, limitSeconds: 300 }

describe('the end of a recorded boot', () => {
  it.each([
    ['goes on while the guest reads new chunks', 200_000, 29_999, null],
    ['ends once none was new for long enough', 200_000, 30_000, 'quiet'],
    ['ends at the limit though chunks are new', 300_000, 10, 'limit'],
    ['goes on before the guest has read anything, however long that takes', 299_999, null, null],
    ['ends at the limit where the guest never reads', 300_000, null, 'limit'],
    ['was quiet where both come at once', 300_000, 30_000, 'quiet'],
  ] as const)('%s', (_, ranMs, quietMs, end) => {
    expect(bootEnd(ranMs, quietMs, limits)).toBe(end)
  })

  it('is told in words', () => {
    const words = (end: 'quiet' | 'limit' | 'powered-off', chunks: number) => bootWords({ engine: 'v86', end, seconds: 41, chunks }, limits)
    expect(words('quiet', 212)).toBe('41 s on v86, 212 chunks, ended because its guest read nothing new for 30 s')
    expect(words('limit', 1)).toBe('41 s on v86, 1 chunk, ended at its limit')
    expect(words('powered-off', 2)).toBe('41 s on v86, 2 chunks, ended because its guest switched itself off')
  })
})
