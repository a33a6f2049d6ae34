// SPDX-License-Identifier: Apache-2.0
import { launchPlan } from '@casemate/policy/launch-plan'
import { expect, it } from 'vitest'
import { rulesOf } from './network/switched-network.ts'
import { observedNetwork } from './observed-network.ts'

const { network: schema } = launchPlan.shape
const rule = { protocol: 'tcp', cidr: '192.0.2.1/32', ports: [80, 90] }
const domain = { protocol: 'udp', domain: '*.example.com', within: '192.0.2.0/24', ports: null }

const host = { protocol: 'tcp', ports: [80, 80] }

it.each([
  [{ mode: 'listed', allow: [rule] }],
  [{ mode: 'listed', allow: [], allowDomains: [domain], allowHost: [host], deny: [rule], denyDomains: [domain] }],
  [{ mode: 'host-only', allowHost: [host], deny: [rule] }],
])('what a switch has in force of %j is that, member by member', (written) => {
  const planned = schema.parse(written)
  if (planned.mode === 'none' || planned.mode === 'isolated') throw new Error('expected rules')
  expect(JSON.stringify(observedNetwork(rulesOf(planned), planned.mode))).toBe(JSON.stringify(planned))
})
