// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import type { NetworkView } from '../local-api.ts'
import { networkLines } from './network.ts'

const sent = { frames: 2, bytes: 120 }
const view: NetworkView = {
  ...{ mode: 'listed', lan: null, mac: '02:00:00:00:00:01', address: '10.0.2.15', neighbours: [], uplink: 'up', waiting: false },
  ...{ flows: 1, opened: 3, toGuest: sent, fromGuest: sent, lost: 0, refused: [{ reason: 'unlisted', packets: 4 }] },
  latest: [
    { secondsAgo: 2, reason: 'unlisted', protocol: 'tcp', address: '192.0.2.1', port: 80, domain: null, count: 4 },
    { secondsAgo: 9, reason: 'dns', protocol: 'udp', address: '10.0.2.2', port: 53, domain: 'a.example.com', count: 1 },
  ],
}

describe('the network of a desktop', () => {
  it('is told with what came and went, and with what was refused last, where to and why', () => {
    expect(networkLines('demo', { network: view, quarantine: [] })).toEqual([
      'demo: listed servers only',
      '  address 10.0.2.15, card 02:00:00:00:00:01, way out up',
      '  1 flows now, 3 so far',
      '  received 120 bytes, sent 120 bytes',
      '  refused 4 packets: no rule lists it (unlisted)',
      '  2 s ago: tcp 192.0.2.1 port 80, 4 times: no rule lists it',
      '  9 s ago: udp a.example.com: no rule lists that name',
    ])
  })

  it('is told with its neighbours where it is isolated, with why it is smaller, and that it waits', () => {
    const isolated: NetworkView = {
      ...view,
      mode: 'isolated',
      lan: 'lab',
      uplink: null,
      neighbours: ['10.82.34.158'],
      lost: 5,
      refused: [],
      latest: [],
    }
    expect(networkLines('demo', { network: isolated, quarantine: ['of this computer its disk is not known to be encrypted'] })).toEqual([
      'demo: isolated network lab',
      '  made smaller: of this computer its disk is not known to be encrypted',
      '  address 10.0.2.15, card 02:00:00:00:00:01',
      '  neighbours: 10.82.34.158',
      '  received 120 bytes, sent 120 bytes, 5 frames found no room',
    ])
    expect(networkLines('demo', { network: { ...isolated, mode: 'none', waiting: true }, quarantine: [] })).toContain(
      '  the policies now give another kind of network: at the next start',
    )
    expect(networkLines('demo', { network: null, quarantine: [] })).toEqual(['demo: no network'])
  })
})
