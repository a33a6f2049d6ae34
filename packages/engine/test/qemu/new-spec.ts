// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto'
import type { DiskSpec, DiskStorage, VmSpec } from '../../src/virtual-machine.ts'
import { diskBytes } from '../boot-disk.ts'

export function newSpec(runtimeFolder: string, disks: readonly DiskSpec[]): VmSpec {
  const name = `test-${randomBytes(6).toString('hex')}`
  return {
    name,
    firmware: 'bios',
    chipset: 'i440fx',
    cpus: 1,
    memoryMiB: 16,
    disks,
    video: 'std',
    serial: 'captured',
    network: 'none',
    runtimeFolder,
  }
}

export function ideDisk(storage: DiskStorage, name = 'system'): DiskSpec {
  return { name, sizeBytes: diskBytes, controller: 'ide', storage }
}
