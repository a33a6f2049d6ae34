// SPDX-License-Identifier: Apache-2.0
//
// The networks in which a host may be, by name, for rules that say `when: {network: [...]}`: PO-9. In one list the first zone that fits
// decides. Lists of several layers stand side by side: the host is in a zone where every list says so. So a list that leaves a zone out, or
// knows it by more signs, can make it doubtful, and never hands the host over to the rules of another zone.
import { z } from 'zod'
import { formatCidr, parseCidr } from '../cidr.ts'
import { domainText } from '../domain.ts'
import { slug } from '../names.ts'
import { cidrText } from '../network-setting.ts'
import { none, setting } from '../setting.ts'

const blocks = z.array(cidrText).max(100)

const sign = z
  .strictObject({
    addresses: blocks.describe('Blocks of which an address of the host is in one'),
    gateways: blocks.describe('Blocks of which the way out of the host, its default gateway, is in one'),
    suffixes: z.array(domainText).max(100).describe('Domains of which the host looks names up in one'),
  })
  .refine(
    ({ addresses, gateways, suffixes }) => addresses.length + gateways.length + suffixes.length > 0,
    'expected something that tells the network',
  )

const zone = z.strictObject({
  name: slug.describe('As rules name it'),
  signs: z.array(sign).min(1).max(100).describe('Each of them must be there; of one sign, any of what it lists'),
  proof: z.enum(['observed', 'attested']).describe('Whether what the runtime sees is enough to loosen a rule, or something must vouch for it'),
})

const list = z
  .array(zone)
  .max(100)
  .refine((zones) => new Set(zones.map(({ name }) => name)).size === zones.length, 'expected each zone once')

const zones = z.strictObject({
  lists: z.array(list).min(1).max(200).describe('Of each, the first zone that fits; the host is in it where every list says the same'),
})

export type Zones = z.infer<typeof zones>
export type Zone = z.infer<typeof zone>
type Sign = z.infer<typeof sign>

const noZones: Zones = { lists: [[]] }

export const zoneSettings = {
  zones: setting({
    row: 'PO-9',
    description: 'Networks in which the host may be, by what it sees of them; rules name them, and a host in none of them is nowhere',
    unit: null,
    value: zones,
    default: noZones,
    merge: 'strictest',
    meet: meetZones,
    checked: ['power-on', 'running'],
    capabilities: none,
    needs: null,
    words: zonesWords,
  }),
}

/** Both, in normal form: signs sorted, no list twice; one that knows no zone leaves none. */
function meetZones(one: Zones, other: Zones): Zones {
  const lists = [...one.lists, ...other.lists].map((zonesOfOne) => zonesOfOne.map(normalZone))
  if (lists.some((zonesOfOne) => zonesOfOne.length === 0)) return noZones
  return { lists: unique(lists) }
}

function normalZone({ name, signs, proof }: Zone): Zone {
  return { name, signs: unique(signs.map(normalSign)), proof }
}

function normalSign({ addresses, gateways, suffixes }: Sign): Sign {
  return { addresses: normalBlocks(addresses), gateways: normalBlocks(gateways), suffixes: sorted(suffixes) }
}

const normalBlocks = (texts: readonly string[]): string[] => sorted(texts.map((text) => formatCidr(parseCidr(text))))
const sorted = (texts: readonly string[]): string[] => [...new Set(texts)].sort()

/** Each once, in one order. */
function unique<T>(values: readonly T[]): T[] {
  const byText = new Map(values.map((value) => [JSON.stringify(value), value]))
  return [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value)
}

function zonesWords({ lists }: Zones): string {
  if (lists.some(({ length }) => length === 0)) return 'none'
  return lists
    .map((zonesOfOne) => zonesOfOne.map(({ name, proof }) => `${name}${proof === 'attested' ? ' where it is attested' : ''}`).join(', else '))
    .join('; and ')
}
