// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkExpiry, checkFloor, floorsUnder, isRotated, noFloors } from './floors.ts'
import type { Root } from './metadata-schema.ts'

const key = (digit: string) => ({ keytype: 'ed25519', scheme: 'ed25519', keyval: { public: digit.repeat(64) } })
const root = (version: number, snapshot: string, timestamp: string): Root => {
  const role = (digits: string) => ({ keyids: [...digits], threshold: 1 })
  const keys = Object.fromEntries([...new Set(`9${snapshot}${timestamp}`)].map((digit) => [digit, key(digit)]))
  const roles = { root: role('9'), targets: role('9'), snapshot: role(snapshot), timestamp: role(timestamp) }
  return { _type: 'root', spec_version: '1.0.31', version, expires: '2030-01-01T00:00:00Z', consistent_snapshot: true, keys, roles }
}

describe('isRotated', () => {
  it.each([
    ['nothing changed', root(1, '1', '2'), root(2, '1', '2'), false],
    ['a key was added', root(1, '1', '2'), root(2, '1', '23'), false],
    ['the timestamp key was replaced', root(1, '1', '2'), root(2, '1', '3'), true],
    ['the snapshot key was replaced', root(1, '1', '2'), root(2, '3', '2'), true],
    ['one of two keys was taken away', root(1, '1', '23'), root(2, '1', '2'), true],
    ['the two changed places', root(1, '1', '2'), root(2, '2', '1'), true],
  ])('where %s', (_what, before, after, rotated) => {
    expect(isRotated(before, after)).toBe(rotated)
  })

  it('goes by the key, not by its id', () => {
    const before = root(1, '1', '2')
    const renamed = { ...before, keys: { ...before.keys, '2': key('3') } }
    expect(isRotated(before, renamed)).toBe(true)
    expect(isRotated(before, { ...before })).toBe(false)
  })
})

describe('floorsUnder', () => {
  const history = new Map([
    [1, root(1, '1', '2')],
    [2, root(2, '1', '3')],
  ])
  const rootOf = (version: number) => history.get(version)
  const floors = (version: number) => ({ root: version, snapshot: 5, timestamp: 7 })

  it('takes the highest of each line', () => {
    const sources = [noFloors, { root: 1, snapshot: 9, timestamp: 2 }, { root: 1, snapshot: 3, timestamp: 4 }]
    expect(floorsUnder(root(1, '1', '2'), sources, rootOf)).toEqual({ root: 1, snapshot: 9, timestamp: 4 })
  })

  it('starts snapshot and timestamp anew where their keys were replaced since, never root', () => {
    expect(floorsUnder(root(3, '1', '3'), [floors(1)], rootOf)).toEqual({ root: 1, snapshot: 0, timestamp: 0 })
    expect(floorsUnder(root(3, '1', '3'), [floors(2)], rootOf)).toEqual({ root: 2, snapshot: 5, timestamp: 7 })
    expect(floorsUnder(root(3, '1', '3'), [floors(1), { root: 2, snapshot: 1, timestamp: 2 }], rootOf)).toEqual({
      root: 2,
      snapshot: 1,
      timestamp: 2,
    })
  })

  it('keeps floors whose root is not known', () => {
    expect(floorsUnder(root(3, '4', '4'), [floors(0)], rootOf)).toEqual(floors(0))
  })
})

describe('the floors of a device, over any sequence of roots and of what is seen under them', () => {
  const line = fc.constantFrom('1', '2', '12', '23')
  const roots = fc
    .array(fc.tuple(line, line), { minLength: 1, maxLength: 5 })
    .map((keys) => keys.map(([snapshot, timestamp], index) => root(index + 1, snapshot, timestamp)))
  const seen = fc.array(fc.record({ root: fc.nat({ max: 5 }), snapshot: fc.nat({ max: 9 }), timestamp: fc.nat({ max: 9 }) }), { maxLength: 6 })

  it('are none that anybody lowers: one more source only raises them, and that of root always', () => {
    fc.assert(
      fc.property(roots, seen, (history, sources) => {
        const rootOf = (version: number) => history[version - 1]
        const under = history.at(-1) ?? root(1, '1', '2')
        for (let count = 0; count < sources.length; count += 1) {
          const [before, after] = [floorsUnder(under, sources.slice(0, count), rootOf), floorsUnder(under, sources.slice(0, count + 1), rootOf)]
          for (const what of ['root', 'snapshot', 'timestamp'] as const) expect(after[what]).toBeGreaterThanOrEqual(before[what])
          expect(after.root).toBeGreaterThanOrEqual(sources[count]?.root ?? 0)
        }
      }),
    )
  })

  it('fall for snapshot and timestamp only where a key of theirs was taken away since', () => {
    fc.assert(
      fc.property(roots, fc.nat({ max: 9 }), fc.nat({ max: 9 }), (history, snapshot, timestamp) => {
        const rootOf = (version: number) => history[version - 1]
        for (const [index, then] of history.entries()) {
          for (const now of history.slice(index)) {
            const floors = floorsUnder(now, [{ root: then.version, snapshot, timestamp }], rootOf)
            expect(floors).toEqual(
              isRotated(then, now) ? { root: then.version, snapshot: 0, timestamp: 0 } : { root: then.version, snapshot, timestamp },
            )
          }
        }
      }),
    )
  })
})

it('a version below its floor is a rollback, one at it is not', () => {
  expect(() => checkFloor('timestamp', 6, 7)).toThrow(expect.objectContaining({ code: 'rollback' }))
  expect(() => checkFloor('timestamp', 7, 7)).not.toThrow()
})

it('metadata has expired in the second that it names', () => {
  const expires = '2030-01-01T00:00:00Z'
  const at = Date.parse(expires) / 1000
  expect(() => checkExpiry('root', { version: 1, expires }, at)).toThrow(expect.objectContaining({ code: 'metadata-expired' }))
  expect(() => checkExpiry('root', { version: 1, expires }, at - 1)).not.toThrow()
})
