// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { layerOf } from './wanted-layer.ts'

const layer = (kind: 'organisation' | 'group' | 'user' | 'device', who: string) => layerOf({ key: '', layer: kind, who, policy: 'base 1.2' }).selector

it('selects by what the layer is of', () => {
  expect(layer('organisation', 'left over')).toBe(null)
  expect(layer('group', ' staff ')).toEqual({ group: 'staff' })
  expect(layer('user', 'bob')).toEqual({ user: 'bob' })
  expect(layer('device', 'd-1')).toEqual({ device: 'd-1' })
  expect(layer('device', 'tag: kiosk')).toEqual({ tag: 'kiosk' })
})

it('names the policy and its version', () => {
  expect(layerOf({ key: '', layer: 'user', who: 'bob', policy: 'base 1.2' })).toMatchObject({ name: 'base', version: '1.2' })
})
