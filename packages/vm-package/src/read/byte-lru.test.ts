// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { ByteLru } from './byte-lru.ts'

describe('ByteLru', () => {
  it('gives up what was not used for longest, by bytes', () => {
    const lru = new ByteLru<string>(10)
    lru.set('a', 'first', 4)
    lru.set('b', 'second', 4)
    expect(lru.get('a')).toBe('first')
    lru.set('c', 'third', 4)
    expect([lru.get('a'), lru.get('b'), lru.get('c')]).toEqual(['first', undefined, 'third'])
  })

  it('does not give up anything for a value that is too large to keep', () => {
    const lru = new ByteLru<string>(10)
    lru.set('a', 'first', 4)
    lru.set('b', 'large', 11)
    expect([lru.get('a'), lru.get('b')]).toEqual(['first', undefined])
  })

  it('counts a value that is set again once', () => {
    const lru = new ByteLru<string>(10)
    lru.set('a', 'first', 6)
    lru.set('a', 'again', 6)
    lru.set('b', 'second', 4)
    expect([lru.get('a'), lru.get('b')]).toEqual(['again', 'second'])
  })
})
