// SPDX-License-Identifier: Apache-2.0
//
// PO-9: in which of the policy's zones the host is, by what the runtime sees of its network.
import { z } from 'zod'
import { type Cidr, containsCidr, parseCidr } from '../model/cidr.ts'
import { containsDomain } from '../model/domain.ts'
import type { Zone, Zones } from '../model/settings/zones.ts'
import type { Facts } from './facts.ts'

const addresses = z.array(z.union([z.cidrv4(), z.cidrv6()])).max(256)

export const hostNetwork = z.strictObject({
  /** Of the host, without loopback and link-local ones, as blocks of one address. */
  addresses,
  /** Of its default routes, in the same form. */
  gateways: addresses,
  /** In which it looks names up. */
  suffixes: z.array(z.string().min(1).max(253)).max(64),
})

export type HostNetwork = z.infer<typeof hostNetwork>

interface Seen {
  readonly addresses: readonly Cidr[]
  readonly gateways: readonly Cidr[]
  readonly suffixes: readonly string[]
}

/**
 * The zone as a fact for conditions; null: in none of them, in one list of which another says otherwise, or nothing is known. One for which
 * every list takes what is observed counts as attested; of others it stays observed, which proves nothing.
 */
export function zoneOf({ lists }: Zones, host: HostNetwork | null): Facts['network'] {
  if (host === null) return null
  const seen: Seen = { addresses: host.addresses.map(parseCidr), gateways: host.gateways.map(parseCidr), suffixes: host.suffixes }
  const found = lists.map((list) => list.find(({ signs }) => signs.every((sign) => isThere(sign, seen))))
  const [first] = found
  if (first === undefined || found.some((zone) => zone?.name !== first.name)) return null
  return { value: first.name, from: found.every((zone) => zone?.proof === 'observed') ? 'attested' : 'observed' }
}

function isThere({ addresses: wanted, gateways, suffixes }: Zone['signs'][number], seen: Seen): boolean {
  return (
    anyInside(seen.addresses, wanted) ||
    anyInside(seen.gateways, gateways) ||
    suffixes.some((suffix) => seen.suffixes.some((found) => containsDomain(suffix, found)))
  )
}

function anyInside(found: readonly Cidr[], texts: readonly string[]): boolean {
  const blocks = texts.map(parseCidr)
  return found.some((address) => blocks.some((block) => containsCidr(block, address)))
}
