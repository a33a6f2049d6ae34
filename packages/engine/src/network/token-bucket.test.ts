// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { TokenBucket } from './token-bucket.ts'

/** Bytes that pass in `seconds` when somebody always has a frame of `size` to send. */
function passed(bucket: TokenBucket, size: number, from: number, seconds: number): number {
  let bytes = 0
  for (let now = from; now < from + seconds * 1000; ) {
    const wait = bucket.wait(now)
    if (wait > 0) {
      now += wait
      continue
    }
    bucket.take(size, now)
    bytes += size
    if (bytes > 1e9) return bytes
  }
  return bytes
}

describe('a limited direction', () => {
  it.each([8, 800, 80_000])('passes what %i kbit/s are, whatever the size of the frames', (rate) => {
    for (const size of [60, 1514, 65_000]) {
      const bucket = new TokenBucket()
      bucket.setRate(rate, 0)
      const seconds = 60
      const ideal = rate * 125 * seconds
      const bytes = passed(bucket, size, 0, seconds)
      expect(bytes).toBeGreaterThan(ideal * 0.97 - size)
      expect(bytes).toBeLessThan(ideal * 1.03 + size)
    }
  })

  it('saves nothing up beyond a short burst', () => {
    const bucket = new TokenBucket()
    bucket.setRate(800, 0)
    bucket.take(1, 3_600_000)
    expect(passed(bucket, 1000, 3_600_000, 1)).toBeLessThan(100_000 * 1.1 + 1000)
  })

  it('takes another rate at once, and none is no limit', () => {
    const bucket = new TokenBucket()
    bucket.setRate(8, 0)
    bucket.take(10_000, 0)
    expect(bucket.wait(0)).toBeGreaterThan(6000)
    bucket.setRate(8000, 0)
    expect(bucket.wait(0)).toBeLessThan(15)
    bucket.setRate(null, 0)
    bucket.take(1e9, 0)
    expect(bucket.wait(0)).toBe(0)
    bucket.setRate(8, 0)
    expect(bucket.wait(1000)).toBe(0)
  })
})
