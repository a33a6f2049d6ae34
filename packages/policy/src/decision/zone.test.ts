// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hostNetworks, values } from '../../test/arbitraries.ts'
import type { Zone } from '../model/settings/zones.ts'
import { catalogue } from '../model/settings.ts'
import { zoneOf } from './zone.ts'

const { meet } = catalogue.zones
const zone = (name: string, addresses: string[], more: Partial<Zone> = {}): Zone => ({
  ...{ name, signs: [{ addresses, gateways: [], suffixes: [] }], proof: 'observed' },
  ...more,
})
const guests = zone('guests', ['10.9.0.0/16'])
const office = zone('office', ['10.0.0.0/8'])
const at = (address: string) => ({ addresses: [address], gateways: [], suffixes: [] })
const named = { value: 'office', from: 'attested' }

describe('the zone of a host', () => {
  it('is the first of the list that fits', () => {
    expect(zoneOf({ lists: [[guests, office]] }, at('10.8.3.4/32'))).toEqual(named)
    expect(zoneOf({ lists: [[guests, office]] }, at('10.9.3.4/32'))).toEqual({ value: 'guests', from: 'attested' })
    expect(zoneOf({ lists: [[office, guests]] }, at('10.9.3.4/32'))).toEqual(named)
    expect(zoneOf({ lists: [[guests, office]] }, at('192.0.2.7/32'))).toBeNull()
    expect(zoneOf({ lists: [[guests, office]] }, null)).toBeNull()
  })

  it('is not another one because a list that does not know it stands beside', () => {
    const met = meet({ lists: [[guests, office]] }, { lists: [[office]] })
    expect(zoneOf(met, at('10.9.3.4/32'))).toBeNull()
    expect(zoneOf(met, at('10.8.3.4/32'))).toEqual(named)
  })

  it('is proven by what is observed where every list takes that', () => {
    const vouched = { ...office, proof: 'attested' as const }
    expect(zoneOf({ lists: [[office], [vouched]] }, at('10.8.3.4/32'))).toEqual({ value: 'office', from: 'observed' })
    expect(zoneOf({ lists: [[office], [guests, office]] }, at('10.8.3.4/32'))).toEqual(named)
  })

  it('is told by the gateway too, and by all signs at once', () => {
    const signs = [...office.signs, { addresses: [], gateways: ['10.0.0.1/32'], suffixes: [] }]
    const both = { lists: [[{ ...office, signs }]] }
    expect(zoneOf(both, { ...at('10.8.3.4/32'), gateways: ['10.0.0.1/32'] })).toEqual(named)
    expect(zoneOf(both, { ...at('10.8.3.4/32'), gateways: ['10.0.0.2/32'] })).toBeNull()
    expect(zoneOf(both, { ...at('192.0.2.7/32'), gateways: ['10.0.0.1/32'] })).toBeNull()
  })

  it('stays what it was or becomes doubtful, whatever lists are added', () => {
    let kept = 0
    fc.assert(
      fc.property(values.zones, values.zones, hostNetworks, (one, other, host) => {
        const [alone, met] = [zoneOf(one, host), zoneOf(meet(one, other), host)]
        if (met !== null) expect(met.value).toBe(alone?.value)
        if (met?.from === 'attested') expect(alone?.from).toBe('attested')
        if (met !== null) kept += 1
      }),
      { numRuns: 2000 },
    )
    expect(kept).toBeGreaterThan(0)
  })
})
