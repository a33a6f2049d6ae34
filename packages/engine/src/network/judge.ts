// SPDX-License-Identifier: Apache-2.0
//
// Whether the guest may open a flow. The order is the promise: no rule opens a special address, only an exact rule or one for the host opens
// an address of the host, what is denied stays so whatever is allowed, a name opens no other way to ask for names, and what nobody lists is refused.
// A host whose addresses could not be read is taken to own all of them.
import type { Address } from './address.ts'
import type { Destination } from './destination.ts'
import type { HostAddresses } from './host-addresses.ts'
import { asksElsewhere } from './known-resolvers.ts'
import type { Names } from './name-table.ts'
import type { RuleSet } from './rules.ts'
import { embeddedIpv4, isSpecial } from './special-addresses.ts'

export type Verdict = 'allowed' | 'special-address' | 'host-address' | 'host-unknown' | 'denied' | 'direct-dns' | 'unlisted'

export function judge(destination: Destination, rules: RuleSet, host: HostAddresses | null, names: Names): Verdict {
  const targets = addressesMeant(destination.address)
  if (targets.some(isSpecial)) return 'special-address'
  if (host === null) return 'host-unknown'
  // Of the host itself, not of a translator that would send there.
  const opened = rules.listsHost && host.owns(destination.address) && rules.permitsHost(destination)
  if (!opened && targets.some((target) => host.owns(target)) && !rules.permitsExactly(destination)) return 'host-address'
  if (targets.some((address) => rules.denies({ ...destination, address }, names.known(address)))) return 'denied'
  if (opened || rules.permits(destination)) return 'allowed'
  if (targets.some((address) => asksElsewhere({ ...destination, address }))) return 'direct-dns'
  return rules.permitsNames(destination, names.live(destination.address)) ? 'allowed' : 'unlisted'
}

/** Whether a name may stand for this address: never for the host or this link, or its owner could point the guest there. */
export function isTellable(address: Address, host: HostAddresses | null): boolean {
  return host !== null && !addressesMeant(address).some((target) => isSpecial(target) || host.owns(target))
}

/** Itself, and the IPv4 address to which a translator would send. */
function addressesMeant(address: Address): readonly Address[] {
  const carried = embeddedIpv4(address)
  return carried === null ? [address] : [address, carried]
}
