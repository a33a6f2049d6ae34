// SPDX-License-Identifier: Apache-2.0
//
// The networks in which a host may be, by name, for rules that say `when: {network: [...]}`: PO-9.
import { z } from 'zod'
import { formatCidr, parseCidr } from '../cidr.ts'
import { domainText } from '../domain.ts'
import { slug } from '../names.ts'
import { cidrText } from '../network-rules.ts'
import { none, setting } from '../setting.ts'

const sign = z
  .strictObject({
    addresses: z.array(cidrText).max(100).describe('Blocks of which an address of the host is in one'),
    suffixes: z.array(domainText).max(100).describe('Domains of which the host looks names up in one'),
  })
  .refine(({ addresses, suffixes }) => addresses.length + suffixes.length > 0, 'expected something that tells the network')

const zone = z.strictObject({
  name: slug.describe('As rules name it'),
  rank: z.int().min(0).max(999).describe('Of zones that fit, the lowest rank counts, then the first by name'),
  signs: z.array(sign).min(1).max(100).describe('Each of them must be there'),
  proof: z.enum(['observed', 'attested']).describe('Whether what the runtime sees is enough to loosen a rule, or something must vouch for it'),
})

const zones = z
  .array(zone)
  .max(100)
  .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, 'expected each zone once')

export type Zone = z.infer<typeof zone>
type Sign = z.infer<typeof sign>

export const zoneSettings = {
  zones: setting({
    row: 'PO-9',
    description: 'Networks in which the host may be, by the addresses that it has there; rules name them, and a host in none of them is nowhere',
    unit: null,
    value: zones,
    default: [],
    merge: 'strictest',
    meet: meetZones,
    checked: ['power-on', 'running'],
    capabilities: none,
    needs: null,
    words: (value) => value.map(({ name, proof }) => `${name}${proof === 'attested' ? ' where it is attested' : ''}`).join(', ') || 'none',
  }),
}

/** A zone is known where both know it, and the host is in it by the signs of both. */
function meetZones(one: readonly Zone[], other: readonly Zone[]): Zone[] {
  const met = one.flatMap((left) => {
    const right = other.find(({ name }) => name === left.name)
    return right === undefined ? [] : meetZone(left, right)
  })
  return met.sort((a, b) => a.rank - b.rank || (a.name < b.name ? -1 : 1))
}

function meetZone(one: Zone, other: Zone): Zone {
  const signs = new Map([...one.signs, ...other.signs].map(normalSign).map((found) => [JSON.stringify(found), found]))
  return {
    name: one.name,
    rank: Math.max(one.rank, other.rank),
    signs: [...signs].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, found]) => found),
    proof: one.proof === 'attested' ? 'attested' : other.proof,
  }
}

function normalSign({ addresses, suffixes }: Sign): Sign {
  return { addresses: sorted(addresses.map((text) => formatCidr(parseCidr(text)))), suffixes: sorted(suffixes) }
}

const sorted = (list: readonly string[]): string[] => [...new Set(list)].sort()
