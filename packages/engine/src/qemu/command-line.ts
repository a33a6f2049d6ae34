// SPDX-License-Identifier: Apache-2.0
//
// A VM spec as QEMU arguments: a pure function, with golden files in test/golden and a list of what must never appear. It names no host path, holds
// no secret, opens no TCP port, gives the guest no network of QEMU's own, and starts nothing by itself: CPUs stand still until QMP says otherwise.
// Values that a caller chooses travel as JSON, so that no comma in them can become an option.
import type { VmSpec } from '../virtual-machine.ts'
import { diskDevice, diskNode, diskNodes, driveDevice, firmwareNode, mediumDevice, mediumNode, storagesOf } from './block-graph.ts'
import { controllers, deviceArguments, videoDevice } from './device-line.ts'
import { descriptors, inside } from './layout.ts'

export type Accelerator = 'kvm' | 'tcg'

export interface LaunchChoice {
  readonly accelerator: Accelerator
  /** The process waits for a suspended state instead of a boot. */
  readonly restoring: boolean
}

export const sandbox = ['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'] as const

/** Versioned, so that a guest finds the same hardware, and a suspended state the same devices, under a later QEMU. */
export const machineTypes = { i440fx: 'pc-i440fx-7.2', q35: 'pc-q35-7.2' } as const

const networkDriver = { e1000: 'e1000', pcnet: 'pcnet', rtl8139: 'rtl8139', ne2k_pci: 'ne2k_pci', virtio: 'virtio-net-pci' } as const

/** All arguments after the program's name. `spec` has passed `checkSpec`. Source: qemu-system(1) 7.2. */
export function qemuArguments(spec: VmSpec, choice: LaunchChoice): string[] {
  const disks = storagesOf(spec).map((storage, index) => diskNodes(storage, index))
  return [
    ...['-name', spec.name, '-no-user-config', '-nodefaults', '-S', ...sandbox],
    ...hardware(spec, choice.accelerator),
    ...['-chardev', `socket,id=qmp,fd=${descriptors.qmp}`, '-mon', 'chardev=qmp,mode=control'],
    ...['-display', 'none', '-vnc', `unix:${inside.display},share=allow-exclusive`],
    ...disks.flatMap((disk) => disk.objects).flatMap((object) => ['-object', JSON.stringify(object)]),
    ...disks.flatMap((disk) => disk.nodes).flatMap((node) => ['-blockdev', JSON.stringify(node)]),
    ...(spec.firmware === 'bios' ? [] : ['-blockdev', JSON.stringify(firmwareNode)]),
    ...(spec.medium === undefined ? [] : ['-blockdev', JSON.stringify(mediumNode(spec.medium))]),
    ...controllers(spec),
    ...diskDevices(spec),
    ...(spec.serial === 'captured' ? ['-chardev', `socket,id=serial,fd=${descriptors.serial}`, '-device', 'isa-serial,chardev=serial'] : []),
    ...network(spec),
    ...deviceArguments(spec.devices ?? {}),
    ...(choice.restoring ? ['-incoming', 'defer'] : []),
  ]
}

/** vmport gives Linux guests an absolute pointer over PS/2 (vmmouse), without a USB controller. No sleep states: suspending is the engine's. */
function hardware(spec: VmSpec, accelerator: Accelerator): string[] {
  const { sockets, cores, threads } = spec.cpuTopology ?? { sockets: 1, cores: spec.cpus, threads: 1 }
  const power = spec.chipset === 'i440fx' ? 'PIIX4_PM' : 'ICH9-LPC'
  const anyCpu = accelerator === 'kvm' ? 'host,migratable=on' : 'max,la57=off'
  return [
    ...['-machine', `${machineTypes[spec.chipset]},accel=${accelerator},usb=off,vmport=on,dump-guest-core=off,mem-merge=off${flash(spec)}`],
    ...['-cpu', spec.cpuModel === undefined ? anyCpu : `${spec.cpuModel}-v1`],
    ...['-smp', `cpus=${spec.cpus},sockets=${sockets},cores=${cores},threads=${threads}`, '-m', `size=${spec.memoryMiB}M`],
    ...['-rtc', 'base=utc,clock=host', '-boot', 'menu=off,strict=on', '-msg', 'timestamp=off'],
    ...['-global', `${power}.disable_s3=1`, '-global', `${power}.disable_s4=1`],
    ...['-device', videoDevice(spec.video), '-device', 'vmgenid,guid=auto'],
  ]
}

/** The second one takes the guest's writes. */
function flash({ firmware, disks }: VmSpec): string {
  return firmware === 'bios' ? '' : `,pflash0=firmware,pflash1=${diskNode(disks.length)}`
}

function diskDevices(spec: VmSpec): string[] {
  const places = { ide: 0, sata: 0, scsi: 0, virtio: 0 }
  // A q35 has no IDE: its drives are SATA's.
  const atapi = spec.chipset === 'i440fx' ? 'ide' : 'sata'
  const disks = spec.disks.map((disk, index) => diskDevice(disk, index, places[disk.controller]++, spec.chipset))
  const medium = spec.medium === undefined ? [] : [mediumDevice(places[atapi]++, spec.chipset)]
  const drives = (spec.devices?.drives ?? []).map((drive) => driveDevice(drive, drive === 'cd' ? places[atapi]++ : 0, spec.chipset))
  return [...disks, ...medium, ...drives].flatMap((device) => ['-device', JSON.stringify(device)])
}

/** An empty `romfile`: no network boot, and one less file that a suspended state depends on. */
function network(spec: VmSpec): string[] {
  if (spec.network === 'none') return []
  const { model, mac } = spec.network
  return [
    ...['-netdev', JSON.stringify({ type: 'stream', id: 'net', server: false, addr: { type: 'unix', path: inside.network } })],
    ...['-device', JSON.stringify({ driver: networkDriver[model], netdev: 'net', mac, addr: '0x3', romfile: '' })],
  ]
}
