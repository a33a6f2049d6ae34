// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { release } from './release.ts'

it('leaves no bytes in any view of a large buffer, and all in one of the pool', () => {
  const large = Buffer.allocUnsafeSlow(Buffer.poolSize + 1).fill(7)
  const view = large.subarray(10, 20)
  release(view)
  expect([large.length, view.length]).toEqual([0, 0])

  const neighbour = Buffer.from('neighbour')
  const small = Buffer.from('small')
  expect(small.buffer).toBe(neighbour.buffer)
  release(small)
  expect([small.toString(), neighbour.toString()]).toEqual(['small', 'neighbour'])
})
