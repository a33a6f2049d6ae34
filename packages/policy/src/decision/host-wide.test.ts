// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { letsRun } from '../model/host-desktops.ts'
import { type HostRules, mergeHostWide, refusedBy } from './host-wide.ts'

const of = (organisation: string, ...desktops: readonly [organisation: string, desktop: string | null][]): HostRules => ({
  organisation,
  values: { 'host-desktops': { mode: 'listed', desktops: desktops.map(([owner, desktop]) => ({ organisation: owner, desktop })) } },
})
const any = (organisation: string): HostRules => ({ organisation, values: { 'host-desktops': { mode: 'any' } } })

describe('rules for a whole host', () => {
  it('are what all organisations let run, and say whose they are', () => {
    const merged = mergeHostWide([any('acme'), of('bank', ['bank', null], ['acme', 'office'])])
    expect(merged['host-desktops']).toEqual({
      value: {
        mode: 'listed',
        desktops: [
          { organisation: 'acme', desktop: 'office' },
          { organisation: 'bank', desktop: null },
        ],
      },
      from: ['bank'],
    })
    expect(mergeHostWide([any('acme'), any('bank')])['host-desktops']).toEqual({ value: { mode: 'any' }, from: [] })
    expect(mergeHostWide([])['host-desktops']).toEqual({ value: { mode: 'any' }, from: [] })
  })

  it('are of each where none alone decides', () => {
    expect(mergeHostWide([of('bank', ['acme', null]), of('acme', ['acme', null])])['host-desktops'].from).toEqual(['acme', 'bank'])
    expect(mergeHostWide([of('bank', ['acme', null]), of('acme', ['acme', 'lab'])])['host-desktops'].from).toEqual(['acme'])
  })

  it('name who refuses a desktop, and nobody where all let it run', () => {
    const all = [of('zoo', ['acme', 'lab']), any('acme'), of('bank', ['bank', null])]
    expect(refusedBy(all, { organisation: 'acme', desktop: 'lab' })).toBe('bank')
    expect(refusedBy(all, { organisation: 'bank', desktop: 'till' })).toBe('zoo')
    expect(refusedBy([any('acme'), of('zoo', ['acme', 'lab'])], { organisation: 'acme', desktop: 'lab' })).toBeUndefined()
  })

  it('let run exactly what every organisation lets run, in whatever order', () => {
    const entry = fc.tuple(fc.constantFrom('acme', 'bank'), fc.constantFrom('lab', 'office', null))
    const rules = fc.oneof(
      fc.constantFrom('acme', 'bank').map(any),
      fc.tuple(fc.constantFrom('acme', 'bank', 'zoo'), fc.array(entry, { maxLength: 4 })).map(([name, entries]) => of(name, ...entries)),
    )
    fc.assert(
      fc.property(
        fc.array(rules, { maxLength: 4 }),
        fc.constantFrom('acme', 'bank'),
        fc.constantFrom('lab', 'office'),
        (all, organisation, desktop) => {
          const merged = mergeHostWide(all)
          expect(letsRun(merged['host-desktops'].value, { organisation, desktop })).toBe(refusedBy(all, { organisation, desktop }) === undefined)
          expect(mergeHostWide(all.toReversed())).toEqual(merged)
        },
      ),
    )
  })
})
