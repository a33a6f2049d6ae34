// SPDX-License-Identifier: Apache-2.0
import type { DomainRule, NetworkRule, NetworkRules } from '@casemate/engine/network'
import type { LaunchPlan } from '@casemate/policy/launch-plan'

type Listed = Extract<LaunchPlan['network'], { mode: 'listed' }>

/** What a switch has in force, in the words of a plan, so that both can be compared. */
export function observedNetwork({ allow, allowDomains, deny, denyDomains }: NetworkRules): Listed {
  return {
    mode: 'listed',
    allow: allow.map(observedRule),
    ...(allowDomains === undefined ? {} : { allowDomains: allowDomains.map(observedDomainRule) }),
    ...(deny === undefined ? {} : { deny: deny.map(observedRule) }),
    ...(denyDomains === undefined ? {} : { denyDomains: denyDomains.map(observedDomainRule) }),
  }
}

function observedRule({ protocol, cidr, ports }: NetworkRule) {
  return { protocol, cidr, ports: observedPorts(ports) }
}

function observedDomainRule({ protocol, domain, within, ports }: DomainRule) {
  return { protocol, domain, ...(within === undefined ? {} : { within }), ports: observedPorts(ports) }
}

function observedPorts(ports: NetworkRule['ports']): [number, number] | null {
  return ports === null ? null : [ports[0], ports[1]]
}
