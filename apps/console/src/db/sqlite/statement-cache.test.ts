// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { StatementCache } from './statement-cache.ts'

test('the statement that was not used for longest falls out, and is handed back', () => {
  const cache = new StatementCache<string>(2)
  expect(cache.add('a', 'A')).toBeUndefined()
  expect(cache.add('b', 'B')).toBeUndefined()
  expect(cache.get('a')).toBe('A')
  expect(cache.add('c', 'C')).toBe('B')
  expect(cache.get('b')).toBeUndefined()
  expect(cache.get('a')).toBe('A')
  expect(cache.get('c')).toBe('C')
})

test('draining hands back every statement once', () => {
  const cache = new StatementCache<string>(2)
  cache.add('a', 'A')
  cache.add('b', 'B')
  expect(cache.drain()).toEqual(['A', 'B'])
  expect(cache.drain()).toEqual([])
})
