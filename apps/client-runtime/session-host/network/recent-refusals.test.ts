// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { RecentRefusals } from './recent-refusals.ts'

it('keeps the newest refusals, at most 50, with how long ago they were, and tells the session of each', () => {
  const told: string[] = []
  let now = 0
  const recent = new RecentRefusals({ add: (type) => void told.push(type) }, () => now)
  const flow = (port: number) => ({ reason: 'unlisted' as const, protocol: 'tcp' as const, address: '192.0.2.1', port, domain: null, count: 1 })
  expect([recent.latest, recent.uplink]).toEqual([[], null])
  for (let port = 1; port <= 60; port++) {
    now = port * 1000
    recent.record({ type: 'refused', flow: flow(port) })
  }
  now += 2500
  expect(recent.latest.length).toBe(50)
  expect(recent.latest[0]).toEqual({ ...flow(60), secondsAgo: 2 })
  expect(recent.latest.at(-1)?.port).toBe(11)
  recent.record({ type: 'uplink', state: 'down', message: 'gone' })
  recent.record({ type: 'guest', state: 'joined', error: null })
  expect([recent.uplink, told.length, told.at(-1)]).toEqual(['down', 61, 'network-uplink'])
})
