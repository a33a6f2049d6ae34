// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { groupImpact } from './group-impact.ts'

it('puts the devices together to which the same happens', () => {
  const tightened = [{ setting: 'exit', before: 'suspend', after: 'power off', direction: 'tightened' }] as const
  const same = { changes: tightened, package: 'same', runtimeTooOld: null } as const
  const devices = ['a', 'b', 'c'].map((device) => ({ device, name: `laptop ${device}` }))
  const impact = [
    { device: 'a', ...same },
    { device: 'b', ...same, runtimeTooOld: '0.2.0' },
    { device: 'c', ...same },
  ]
  expect(groupImpact({ devices, impact })).toEqual([
    { ...same, names: ['laptop a', 'laptop c'] },
    { ...same, runtimeTooOld: '0.2.0', names: ['laptop b'] },
  ])
})
