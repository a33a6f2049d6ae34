// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { useLine } from './use-line.ts'

const mebibyte = 1 << 20
const bare = { processorSeconds: 12.34, residentBytes: 100 * mebibyte, balloonMiB: null, disks: null, network: null }
const disk = { readBytes: 3 * mebibyte, readOperations: 9, writtenBytes: mebibyte / 2, writeOperations: 4 }

it('says what a VM uses, and leaves out what is not counted', () => {
  expect(useLine(bare)).toBe('  used: processor 12.3 s; memory 100.0 MiB')
})

it('adds its disks up and says what came and went over its network', () => {
  const disks = [
    { name: 'system', ...disk },
    { name: 'data', ...disk },
  ]
  expect(useLine({ ...bare, balloonMiB: 192, disks, network: { toGuest: 2 * mebibyte, fromGuest: mebibyte, refused: 7 } })).toBe(
    '  used: processor 12.3 s; memory 100.0 MiB (the guest has 192 MiB); disks 6.0 MiB read, 1.0 MiB written; ' +
      'network 2.0 MiB received, 1.0 MiB sent, 7 packets refused',
  )
})
