// SPDX-License-Identifier: Apache-2.0
import type { DomainRule, HostRule, NetworkRule, NetworkRules } from '@casemate/engine/network'
import type { LaunchPlan } from '@casemate/policy/launch-plan'

type Switched = Extract<LaunchPlan['network'], { mode: 'listed' | 'host-only' }>

/**
 * What a switch has in force, in the words of a plan, so that both can be compared.
 * @param mode in which a plan gave it; rules for more than the host are a list whatever it says
 */
export function observedNetwork({ allow, allowDomains, allowHost, deny, denyDomains }: NetworkRules, mode: Switched['mode']): Switched {
  if (mode === 'host-only' && allow.length === 0 && (allowDomains ?? denyDomains) === undefined) {
    return { mode, allowHost: (allowHost ?? []).map(observedHostRule), ...(deny === undefined ? {} : { deny: deny.map(observedRule) }) }
  }
  return {
    mode: 'listed',
    allow: allow.map(observedRule),
    ...(allowDomains === undefined ? {} : { allowDomains: allowDomains.map(observedDomainRule) }),
    ...(allowHost === undefined ? {} : { allowHost: allowHost.map(observedHostRule) }),
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

function observedHostRule({ protocol, ports }: HostRule) {
  return { protocol, ports: observedPorts(ports) }
}

function observedPorts(ports: NetworkRule['ports']): [number, number] | null {
  return ports === null ? null : [ports[0], ports[1]]
}
