// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path'
import { EngineError } from '../error.ts'
import type { DiskSpec, VmSpec } from '../virtual-machine.ts'

/** sun_path of unix(7) has 108 bytes with its final zero. */
const LONGEST_SOCKET = 107
const LEAST_MEMORY_MIB = 16
/** v86 addresses memory below the PCI hole, in a WebAssembly memory of 4 GiB. */
const MOST_MEMORY_MIB = 2048
const MOST_DISKS = 2

export interface HostSockets {
  readonly display: string
  readonly state: string
}

export function hostSockets(runtimeFolder: string): HostSockets {
  return { display: join(runtimeFolder, 'display.sock'), state: join(runtimeFolder, 'state.sock') }
}

/** @throws EngineError `spec-invalid` that names the field. */
export function checkSpec(spec: VmSpec): void {
  refuseUnless(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(spec.name), 'name', spec.name)
  const memoryFits = Number.isInteger(spec.memoryMiB) && spec.memoryMiB >= LEAST_MEMORY_MIB && spec.memoryMiB <= MOST_MEMORY_MIB
  refuseUnless(memoryFits, `memoryMiB (${LEAST_MEMORY_MIB} to ${MOST_MEMORY_MIB})`, spec.memoryMiB)
  refuseUnless(spec.disks.length <= MOST_DISKS, `disks (at most ${MOST_DISKS})`, spec.disks.length)
  refuseUnless(new Set(spec.disks.map((disk) => disk.name)).size === spec.disks.length, 'disk names', 'one twice')
  for (const disk of spec.disks) checkDisk(disk)
  if (spec.medium !== undefined) {
    const { sizeBytes, nbd } = spec.medium
    refuseUnless(Number.isSafeInteger(sizeBytes) && sizeBytes > 0 && sizeBytes % 2048 === 0, 'sizeBytes of the medium', sizeBytes)
    refuseSocket('socket of the medium', nbd.socket)
  }
  if (spec.network !== 'none') {
    refuseUnless(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(spec.network.mac), 'network.mac', spec.network.mac)
    refuseSocket('network.socket', spec.network.socket)
  }
  refuseSocket('runtimeFolder', hostSockets(spec.runtimeFolder).display)
}

function checkDisk(disk: DiskSpec): void {
  refuseUnless(/^[a-z0-9-]{1,32}$/.test(disk.name), 'disk name', disk.name)
  refuseUnless(Number.isSafeInteger(disk.sizeBytes) && disk.sizeBytes > 0 && disk.sizeBytes % 512 === 0, `sizeBytes of ${disk.name}`, disk.sizeBytes)
  if (disk.storage.kind === 'writable-nbd') refuseSocket(`socket of ${disk.name}`, disk.storage.nbd.socket)
}

function refuseSocket(field: string, path: string): void {
  refuseUnless(path.startsWith('/') && Buffer.byteLength(path) <= LONGEST_SOCKET, field, path)
}

function refuseUnless(holds: boolean, field: string, found: string | number): void {
  if (!holds) throw new EngineError('spec-invalid', `\`${field}\` of the VM spec cannot be \`${found}\``)
}
