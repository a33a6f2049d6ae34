// SPDX-License-Identifier: Apache-2.0
//
// Whether the guest may open a flow. The order is the promise: no rule opens a special address, only an exact rule opens an address
// of the host, and what nobody lists is refused. A host whose addresses could not be read is taken to own all of them.
import type { Address } from './address.ts'
import type { HostAddresses } from './host-addresses.ts'
import type { Destination, RuleSet } from './rules.ts'
import { embeddedIpv4, isSpecial } from './special-addresses.ts'

export type Verdict = 'allowed' | 'special-address' | 'host-address' | 'host-unknown' | 'unlisted'

export function judge(destination: Destination, rules: RuleSet, host: HostAddresses | null): Verdict {
  const carried = embeddedIpv4(destination.address)
  const targets: readonly Address[] = carried === null ? [destination.address] : [destination.address, carried]
  if (targets.some(isSpecial)) return 'special-address'
  if (host === null) return 'host-unknown'
  if (targets.some((target) => host.owns(target)) && !rules.permitsExactly(destination)) return 'host-address'
  return rules.permits(destination) ? 'allowed' : 'unlisted'
}
