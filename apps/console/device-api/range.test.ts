// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { readRange } from './range.ts'

it.each([
  [null, 'whole'],
  ['bytes=0-3', { start: 0, end: 4 }],
  ['bytes=4-', { start: 4, end: 10 }],
  ['bytes=-3', { start: 7, end: 10 }],
  ['bytes=-30', { start: 0, end: 10 }],
  ['bytes=8-99', { start: 8, end: 10 }],
  ['bytes=10-', 'unsatisfiable'],
  ['bytes=-0', 'unsatisfiable'],
  ['bytes=5-4', 'whole'],
  ['bytes=0-1,3-4', 'whole'],
  ['items=0-1', 'whole'],
  ['bytes=-', 'whole'],
] as const)('reads %s of ten bytes as %j', (header, expected) => {
  expect(readRange(header, 10)).toEqual(expected)
})

it('finds nothing to give in what is empty', () => {
  expect(readRange('bytes=0-', 0)).toBe('unsatisfiable')
  expect(readRange(null, 0)).toBe('whole')
})
