// SPDX-License-Identifier: Apache-2.0
import type { TpmStorage } from '../device-spec.ts'
import { EngineError } from '../error.ts'
import type { DiskSpec, DiskStorage, MediumSpec, VmSpec } from '../virtual-machine.ts'
import { checkDevices } from './check-devices.ts'
import { hostSockets } from './layout.ts'

/** sun_path of unix(7) has 108 bytes with its final zero. */
const longestSocketPath = 107

/** @throws EngineError `spec-invalid` that names the field; what passes can stand on a command line and in a socket address. */
export function checkSpec(spec: VmSpec): void {
  refuseUnless(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(spec.name), 'name', spec.name)
  refuseUnless(Number.isInteger(spec.cpus) && spec.cpus >= 1 && spec.cpus <= 64, 'cpus', spec.cpus)
  refuseUnless(Number.isInteger(spec.memoryMiB) && spec.memoryMiB >= 1 && spec.memoryMiB <= 1_048_576, 'memoryMiB', spec.memoryMiB)
  refuseUnless(spec.disks.length <= 8, 'disks', spec.disks.length)
  checkDevices(spec)
  refuseUnless(new Set(spec.disks.map((disk) => disk.name)).size === spec.disks.length, 'disk names', 'one twice')
  for (const disk of spec.disks) checkDisk(disk)
  if (spec.firmware !== 'bios') checkStorage('the variables', spec.firmware.variables)
  if (spec.devices?.tpm !== undefined) checkTpm(spec.devices.tpm)
  if (spec.medium !== undefined) checkMedium(spec.medium)
  if (spec.network !== 'none') {
    refuseUnless(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(spec.network.mac), 'network.mac', spec.network.mac)
    refuseSocket('network.socket', spec.network.socket)
  }
  refuseSocket('runtimeFolder', hostSockets(spec.runtimeFolder).display)
}

function checkDisk(disk: DiskSpec): void {
  refuseUnless(/^[a-z0-9-]{1,32}$/.test(disk.name), 'disk name', disk.name)
  refuseUnless(Number.isSafeInteger(disk.sizeBytes) && disk.sizeBytes > 0 && disk.sizeBytes % 512 === 0, `sizeBytes of ${disk.name}`, disk.sizeBytes)
  checkStorage(disk.name, disk.storage)
}

function checkStorage(of: string, storage: DiskStorage): void {
  if (storage.kind === 'luks-overlay') refuseUnless(storage.key.length === 32, `key length of ${of}`, storage.key.length)
  const nbd = storage.kind === 'luks-overlay' ? storage.base : storage.nbd
  if (nbd !== null) refuseSocket(`socket of ${of}`, nbd.socket)
}

function checkTpm({ folder, key }: TpmStorage): void {
  refuseUnless(folder.startsWith('/'), 'devices.tpm.folder', folder)
  refuseUnless(key.length === 32, 'key length of the TPM', key.length)
}

function checkMedium({ sizeBytes, nbd }: MediumSpec): void {
  refuseUnless(Number.isSafeInteger(sizeBytes) && sizeBytes > 0 && sizeBytes % 2048 === 0, 'sizeBytes of the medium', sizeBytes)
  refuseSocket('socket of the medium', nbd.socket)
}

function refuseSocket(field: string, path: string): void {
  refuseUnless(path.startsWith('/') && Buffer.byteLength(path) <= longestSocketPath, field, path)
}

function refuseUnless(holds: boolean, field: string, found: string | number): void {
  if (!holds) throw new EngineError('spec-invalid', `\`${field}\` of the VM spec cannot be \`${found}\``)
}
