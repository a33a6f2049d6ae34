// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { knownAddress } from './address.ts'
import { RefusalLog, type RefusedFlow } from './refusal-log.ts'

const refused = (last: number) => ({ reason: 'unlisted' as const, protocol: 'tcp' as const, address: knownAddress(`192.0.2.${last}`), port: 80 })

it('tells the first refusal of a kind at once and its repetitions as one count', () => {
  const told: RefusedFlow[] = []
  const log = new RefusalLog((flow) => told.push(flow))
  for (let turn = 0; turn < 5; turn++) log.add(refused(1))
  expect(told).toEqual([{ reason: 'unlisted', protocol: 'tcp', address: '192.0.2.1', port: 80, domain: null, count: 1 }])
  log.flush()
  expect(told.map(({ count }) => count)).toEqual([1, 4])
  log.flush()
  expect(told.length).toBe(2)
})

it('tells of so many kinds in one window and counts the rest', () => {
  const told: RefusedFlow[] = []
  const log = new RefusalLog((flow) => told.push(flow))
  for (let last = 0; last < 100; last++) log.add(refused(last))
  expect([told.length, log.untold, log.counts.get('unlisted')]).toEqual([32, 68, 100])
  log.flush()
  log.add(refused(99))
  expect(told.length).toBe(33)
})
