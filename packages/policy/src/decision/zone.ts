// SPDX-License-Identifier: Apache-2.0
//
// PO-9: in which of the policy's zones the host is, by what the runtime sees of its network.
import { z } from 'zod'
import { type Cidr, containsCidr, parseCidr } from '../model/cidr.ts'
import { containsDomain } from '../model/domain.ts'
import type { Zone } from '../model/settings/zones.ts'
import type { Facts } from './facts.ts'

export const hostNetwork = z.strictObject({
  /** Of the host, without loopback and link-local ones, as blocks of one address. */
  addresses: z.array(z.union([z.cidrv4(), z.cidrv6()])).max(256),
  /** In which it looks names up. */
  suffixes: z.array(z.string().min(1).max(253)).max(64),
})

export type HostNetwork = z.infer<typeof hostNetwork>

/**
 * The zone as a fact for conditions; null: in none of them, or nothing is known. One for which the policy takes what is observed counts as
 * attested; of others it stays observed, which proves nothing.
 */
export function zoneOf(zones: readonly Zone[], host: HostNetwork | null): Facts['network'] {
  if (host === null) return null
  const addresses = host.addresses.map(parseCidr)
  const [found] = zones
    .filter((zone) => zone.signs.every((sign) => isThere(sign, addresses, host)))
    .sort((a, b) => a.rank - b.rank || (a.name < b.name ? -1 : 1))
  return found === undefined ? null : { value: found.name, from: found.proof === 'observed' ? 'attested' : 'observed' }
}

function isThere(sign: Zone['signs'][number], addresses: readonly Cidr[], { suffixes }: HostNetwork): boolean {
  const blocks = sign.addresses.map(parseCidr)
  return (
    addresses.some((address) => blocks.some((block) => containsCidr(block, address))) ||
    sign.suffixes.some((wanted) => suffixes.some((suffix) => containsDomain(wanted, suffix)))
  )
}
