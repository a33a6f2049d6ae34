// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { BootRecord } from './boot-record.ts'

it('is quiet since a chunk was new, whatever is read again', () => {
  let now = 1000
  const record = new BootRecord(() => now)
  expect(record.progress).toEqual({ chunks: 0, quietMs: null })
  record.add(0, 0)
  now = 3000
  record.add(0, 0)
  expect(record.progress).toEqual({ chunks: 1, quietMs: 2000 })
  record.add(1, 0)
  now = 3500
  expect(record.progress).toEqual({ chunks: 2, quietMs: 500 })
})
