// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto'
import type { StateFile, VmSpec } from '../virtual-machine.ts'

/** A state fits only the v86 and the hardware it was saved from: they join the caller's binding. Paths and the VM's name may differ. */
export function boundToHardware(file: StateFile, spec: VmSpec, version: string): StateFile {
  const hardware = JSON.stringify([
    version,
    spec.memoryMiB,
    spec.disks.map((disk) => [disk.name, disk.sizeBytes]),
    spec.network === 'none' ? 'none' : [spec.network.model, spec.network.mac.toLowerCase()],
    ...(spec.medium === undefined ? [] : [spec.medium.sizeBytes]),
  ])
  return { ...file, binding: `${file.binding}|v86|${createHash('sha256').update(hardware).digest('hex')}` }
}
