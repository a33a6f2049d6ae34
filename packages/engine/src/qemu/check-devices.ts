// SPDX-License-Identifier: Apache-2.0
import { cpuModels } from '../device-spec.ts'
import { EngineError } from '../error.ts'
import type { VmSpec } from '../virtual-machine.ts'

/** The last of a narrow bus' eight ids is the controller's own. */
const mostScsi = 7
const mostSata = 6
const mostIde = 4

/** @throws EngineError `spec-invalid` for devices that no such machine can hold. */
export function checkDevices(spec: VmSpec): void {
  const { chipset, cpuModel, cpuTopology, devices } = spec
  const drives = devices?.drives ?? []
  refuseUnless(new Set(drives).size === drives.length, 'devices.drives', 'one twice')
  const opticals = (spec.medium === undefined ? 0 : 1) + (drives.includes('cd') ? 1 : 0)
  const on = (controller: string): number => spec.disks.filter((disk) => disk.controller === controller).length
  const ide = on('ide') + (chipset === 'i440fx' ? opticals : 0)
  const sata = on('sata') + (chipset === 'q35' ? opticals : 0)
  refuseUnless(chipset === 'i440fx' || on('ide') === 0, 'disks with an ide controller on a q35', on('ide'))
  refuseUnless(ide <= mostIde, 'disks with an ide controller, and the drives of media', ide)
  refuseUnless(sata <= mostSata, 'disks with a sata controller, and the drives of media', sata)
  refuseUnless(on('scsi') <= mostScsi, 'disks with a scsi controller', on('scsi'))
  if (cpuModel !== undefined) refuseUnless(cpuModels.includes(cpuModel), 'cpuModel', cpuModel)
  if (cpuTopology === undefined) return
  const { sockets, cores, threads } = cpuTopology
  const counted = [sockets, cores, threads].every((count) => Number.isInteger(count) && count >= 1)
  refuseUnless(counted && sockets * cores * threads === spec.cpus, 'cpuTopology', `${sockets} x ${cores} x ${threads}`)
}

function refuseUnless(holds: boolean, field: string, found: string | number): void {
  if (!holds) throw new EngineError('spec-invalid', `\`${field}\` of the VM spec cannot be \`${found}\``)
}
