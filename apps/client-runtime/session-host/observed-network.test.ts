// SPDX-License-Identifier: Apache-2.0
import { launchPlan } from '@casemate/policy/launch-plan'
import { expect, it } from 'vitest'
import { observedNetwork } from './observed-network.ts'

const { network: schema } = launchPlan.shape
const rule = { protocol: 'tcp', cidr: '192.0.2.1/32', ports: [80, 90] }
const domain = { protocol: 'udp', domain: '*.example.com', within: '192.0.2.0/24', ports: null }

it.each([[{ mode: 'listed', allow: [rule] }], [{ mode: 'listed', allow: [], allowDomains: [domain], deny: [rule], denyDomains: [domain] }]])(
  'what a switch has in force of %j is that, member by member',
  (written) => {
    const planned = schema.parse(written)
    if (planned.mode === 'none') throw new Error('expected a list')
    const { mode: _, ...rules } = planned
    expect(JSON.stringify(observedNetwork(rules))).toBe(JSON.stringify(planned))
  },
)
