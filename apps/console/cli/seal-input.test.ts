// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { collectRole, openSealInput, type SealInputOptions } from './seal-input.ts'

const disk = [{ name: 'system', path: '/nowhere/disk.img', role: 'system' as const }]
const role = new Map([['disk2', 'user' as const]])

describe('what a package is sealed from', () => {
  const refused: readonly [string, SealInputOptions][] = [
    ['neither a machine nor an appliance', {}],
    ['a machine without disks', { machine: '/nowhere/machine.yaml' }],
    ['disks without a machine', { disk }],
    ['an appliance and a machine', { appliance: '/nowhere/a.ova', machine: '/nowhere/machine.yaml' }],
    ['an appliance and disks', { appliance: '/nowhere/a.ova', disk }],
    ['roles beside a machine, whose disks have their own', { machine: '/nowhere/machine.yaml', disk, role }],
  ]
  it.each(refused)('is not %s, usage', async (_, options) => {
    await expect(openSealInput(options)).rejects.toMatchObject({ code: 'usage' })
  })

  const taken: readonly [string, string, SealInputOptions][] = [
    ['a machine with disks', 'file-unreadable', { machine: '/nowhere/machine.yaml', disk }],
    ['an appliance with roles', 'source-unreadable', { appliance: '/nowhere/a.ova', role }],
  ]
  it.each(taken)('is %s, which are then looked for', async (_, code, options) => {
    await expect(openSealInput(options)).rejects.toMatchObject({ code })
  })
})

describe('the option --role', () => {
  it('adds up, one for each disk', () => {
    expect(collectRole('disk3=system', collectRole('disk2=user'))).toEqual(
      new Map([
        ['disk2', 'user'],
        ['disk3', 'system'],
      ]),
    )
  })

  it.each(['disk2', 'disk2=', 'disk2=data', '=user', 'Disk2=user', 'disk1=user'])('is refused as %s', (text) => {
    expect(() => collectRole(text, new Map([['disk1', 'user']]))).toThrow(expect.objectContaining({ code: 'commander.invalidArgument' }))
  })
})
