// SPDX-License-Identifier: Apache-2.0
//
// The one translation from what was decided (LaunchPlan) and what was sealed (manifest) to what the engine runs (VmSpec).
import type { DeviceSpec, TpmStorage } from '@casemate/engine/device-spec'
import type { DiskStorage, MachineShape, MediumSpec, VmSpec } from '@casemate/engine/virtual-machine'
import type { LaunchPlan } from '@casemate/policy/launch-plan'
import type { Hardware } from '@casemate/vm-package/hardware'
import type { Manifest } from '@casemate/vm-package/manifest'
import { drivesInForce } from './in-force.ts'
import { hasCard, macOf } from './vm-network.ts'

/** An opened disk: where it is, and how large it is now, which for a user's disk need not be what the manifest says. */
export interface OpenedDisk {
  readonly storage: DiskStorage
  readonly sizeBytes: number
}

/** What an instance keeps for its machine beside disks. */
export interface OwnHardware {
  /** Null: it starts by BIOS. */
  readonly variables: DiskStorage | null
  readonly tpm: TpmStorage | null
}

/** @param disks by the names of the manifest */
export function vmSpec(
  plan: LaunchPlan,
  manifest: Manifest,
  disks: ReadonlyMap<string, OpenedDisk>,
  network: VmSpec['network'],
  runtimeFolder: string,
  medium: MediumSpec | null,
  own: OwnHardware,
): VmSpec {
  const { hardware } = manifest
  return {
    name: plan.session,
    firmware: own.variables === null ? 'bios' : { kind: 'uefi', variables: own.variables },
    chipset: hardware.chipset,
    cpus: hardware.cpus,
    ...(hardware.cpuModel === undefined ? {} : { cpuModel: hardware.cpuModel }),
    ...(hardware.cpuTopology === undefined ? {} : { cpuTopology: hardware.cpuTopology }),
    memoryMiB: plan.memoryMiB,
    ...(plan.limits.processorPercent === null ? {} : { processorPercent: plan.limits.processorPercent }),
    disks: manifest.disks.map(({ name, controller }) => {
      const opened = disks.get(name)
      if (opened === undefined) throw new Error(`disk \`${name}\` was not opened`)
      return { name, controller, ...opened }
    }),
    ...(medium === null ? {} : { medium }),
    video: hardware.video,
    serial: plan.serial,
    network,
    ...devicesOf(plan, hardware, own.tpm),
    runtimeFolder,
  }
}

/** Absent where there is none, so that states of machines that never had one still fit. */
function devicesOf(plan: LaunchPlan, { usb, watchdog, panic, agent }: Hardware, tpm: TpmStorage | null): Pick<VmSpec, 'devices'> {
  const drives = drivesInForce(plan, 'open')
  const devices: DeviceSpec = {
    ...(usb === undefined ? {} : { usb }),
    ...(drives.length === 0 ? {} : { drives }),
    ...(plan.parallel === 'none' ? {} : { parallel: plan.parallel }),
    ...(watchdog === undefined ? {} : { watchdog }),
    ...(panic === undefined ? {} : { panic }),
    ...(tpm === null ? {} : { tpm }),
    ...(agent === undefined ? {} : { agent }),
  }
  return Object.keys(devices).length === 0 ? {} : { devices }
}

/** What a fresh instance would run on, before anything of it is opened; a package with a medium has no warm state to compare it with. */
export function machineShape(plan: LaunchPlan, { hardware, disks }: Manifest): MachineShape {
  return {
    memoryMiB: plan.memoryMiB,
    disks: disks.map(({ name, size }) => ({ name, sizeBytes: size })),
    network: hasCard(plan, hardware) ? { model: hardware.network.model, mac: macOf(plan.instance) } : 'none',
  }
}
