// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import type { MachineShape } from '../virtual-machine.ts'
import { boundToHardware, machineText } from './state-binding.ts'

const shape: MachineShape = { memoryMiB: 128, disks: [{ name: 'system', sizeBytes: 65_536 }], network: 'none' }
const others: readonly (readonly [string, MachineShape, string])[] = [
  ['version', shape, '0.5.463'],
  ['memory', { ...shape, memoryMiB: 256 }, '0.5.462'],
  ['size of a disk', { ...shape, disks: [{ name: 'system', sizeBytes: 131_072 }] }, '0.5.462'],
  ['disk', { ...shape, disks: [...shape.disks, { name: 'user', sizeBytes: 4096 }] }, '0.5.462'],
  ['medium', { ...shape, medium: { sizeBytes: 2048, nbd: { socket: '/m', name: 'm' } } }, '0.5.462'],
  ['network card', { ...shape, network: { model: 'virtio', mac: '02:00:00:00:00:01' } }, '0.5.462'],
]

describe('what a state of v86 fits', () => {
  it('is said in words', () => {
    expect(machineText(shape, '0.5.462')).toBe('v86 0.5.462; 128 MiB; system 65536; network none')
  })

  it.each(others)('is another machine with another %s', (_, other, version) => {
    const file = { path: '/s', key: new Uint8Array(32), binding: 'test' }
    expect(machineText(other, version)).not.toBe(machineText(shape, '0.5.462'))
    expect(boundToHardware(file, other, version)).not.toEqual(boundToHardware(file, shape, '0.5.462'))
    expect(boundToHardware(file, { ...shape }, '0.5.462')).toEqual(boundToHardware(file, shape, '0.5.462'))
  })
})
