// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { isBehind, releaseWords } from './release-words.ts'

const device = (wanted: number, ...applied: (number | null)[]) => ({
  desktops: [{ desktop: 'office', wanted, instances: applied.map((serial) => ({ applied: serial })) }],
})

it('puts the wanted release beside the applied one', () => {
  expect(releaseWords(device(3, 2))).toBe('office 3 / 2')
  expect(releaseWords(device(3))).toBe('office 3 / not activated')
  expect(releaseWords(device(3, null))).toBe('office 3 / not reported')
  expect(releaseWords({ desktops: [] })).toBe('none assigned')
})

it('calls a device behind only when it has said that it runs an older release', () => {
  expect(isBehind(device(3, 3, 2))).toBe(true)
  expect(isBehind(device(3, 3))).toBe(false)
  expect(isBehind(device(3, null))).toBe(false)
})
