// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto'
import type { DeviceSpec } from '../device-spec.ts'
import type { StateFile, VmSpec } from '../virtual-machine.ts'
import type { BootProbe } from './boot-probe.ts'
import { machineTypes } from './command-line.ts'

/**
 * A state fits only the hardware it was saved from, so what QEMU would choke on (or load wrongly) joins the caller's binding: a stable series of QEMU,
 * the accelerator, and the devices. Paths, names of exports and the VM's name may differ between two sessions and are left out.
 */
export function boundToHardware(file: StateFile, spec: VmSpec, probe: BootProbe): StateFile {
  const hardware = JSON.stringify([
    machineTypes[spec.chipset],
    probe.version.split('.').slice(0, 2),
    probe.accelerator,
    spec.cpus,
    spec.memoryMiB,
    spec.disks.map((disk) => [
      disk.name,
      disk.sizeBytes,
      disk.controller,
      disk.storage.kind,
      disk.storage.kind === 'luks-overlay' && disk.storage.base === null,
    ]),
    spec.serial,
    spec.network === 'none' ? 'none' : [spec.network.model, spec.network.mac.toLowerCase()],
    ...(spec.medium === undefined ? [] : [spec.medium.sizeBytes]),
    // Only what older machines did not have, so that their states still fit.
    ...(spec.video === 'std' ? [] : [spec.video]),
    ...(spec.firmware === 'bios' ? [] : [spec.firmware.kind]),
    ...[spec.cpuModel, spec.cpuTopology, named(spec.devices)].filter((beyond) => beyond !== undefined),
  ])
  return { ...file, binding: `${file.binding}|qemu|${createHash('sha256').update(hardware).digest('hex')}` }
}

/** Where a TPM keeps its state may differ; that there is one may not. */
function named(devices: DeviceSpec | undefined): unknown {
  return devices?.tpm === undefined ? devices : { ...devices, tpm: true }
}
