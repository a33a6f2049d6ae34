// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { rights } from './actor.ts'
import { rightsOf } from './roles.ts'

it('gives an administrator every right, and others only theirs', () => {
  expect(rights.filter((right) => !rightsOf(['administrator']).has(right))).toEqual([])
  expect(rightsOf(['auditor']).has('audit:see')).toBe(true)
  expect(rightsOf(['auditor']).has('approval:give')).toBe(false)
  expect(rightsOf(['help-desk', 'auditor']).has('device:suspend')).toBe(true)
})

it.each([['root'], [['administrator', 'root']], [null], ['administrator']])('gives nothing for what is no list of roles: %j', (roles) => {
  expect(rightsOf(roles).size).toBe(0)
})
