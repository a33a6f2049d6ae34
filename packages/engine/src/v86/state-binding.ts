// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto'
import type { MachineShape, StateFile } from '../virtual-machine.ts'

/** A state fits only the v86 and the hardware it was saved from: they join the caller's binding. Paths and the VM's name may differ. */
export function boundToHardware(file: StateFile, shape: MachineShape, version: string): StateFile {
  const hardware = JSON.stringify([
    version,
    shape.memoryMiB,
    shape.disks.map((disk) => [disk.name, disk.sizeBytes]),
    shape.network === 'none' ? 'none' : [shape.network.model, shape.network.mac.toLowerCase()],
    ...(shape.medium === undefined ? [] : [shape.medium.sizeBytes]),
  ])
  return { ...file, binding: `${file.binding}|v86|${createHash('sha256').update(hardware).digest('hex')}` }
}

/** The same for people, and for states that are bound to no file: `v86 0.5.462; 128 MiB; system 67108864; network none`. */
export function machineText(shape: MachineShape, version: string): string {
  const disks = shape.disks.map((disk) => `${disk.name} ${disk.sizeBytes}`)
  const network = shape.network === 'none' ? 'none' : `${shape.network.model} ${shape.network.mac.toLowerCase()}`
  const medium = shape.medium === undefined ? [] : [`medium ${shape.medium.sizeBytes}`]
  return [`v86 ${version}`, `${shape.memoryMiB} MiB`, ...disks, ...medium, `network ${network}`].join('; ')
}
