// SPDX-License-Identifier: Apache-2.0
import { reason } from '@casemate/policy/reason'
import { expect, it } from 'vitest'
import { groupImpact } from './group-impact.ts'

it('puts the devices together to which the same happens', () => {
  const tightened = [{ setting: 'exit', before: 'suspend', after: 'power off', direction: 'tightened', details: [] }] as const
  const same = { changes: tightened, package: 'same', refused: { before: [], after: [] } } as const
  const old = { before: [], after: [reason('runtime-too-old', { found: '0.1.0', least: '0.2.0' })] }
  const devices = ['a', 'b', 'c'].map((device) => ({ device, name: `laptop ${device}` }))
  const impact = [
    { device: 'a', ...same },
    { device: 'b', ...same, refused: old },
    { device: 'c', ...same },
  ]
  expect(groupImpact({ devices, impact })).toEqual([
    { ...same, names: ['laptop a', 'laptop c'] },
    { ...same, refused: old, names: ['laptop b'] },
  ])
})
