// SPDX-License-Identifier: Apache-2.0
//
// The whole block node graph, named by us: QEMU opens nothing that an image names. `backing` is always explicit.
// Source: QEMU QMP reference, BlockdevOptions.
import type { DriveName } from '../device-spec.ts'
import type { DiskSpec, DiskStorage, MediumSpec, NbdExport, VmSpec } from '../virtual-machine.ts'
import { inside } from './layout.ts'

type Json = { readonly [name: string]: string | number | boolean | null | Json }

/** Node names are QEMU's (31 bytes at most), so they carry the index, not the disk's name. */
export function diskNode(index: number): string {
  return `disk${index}`
}

/** The file below a disk of a file of its own, and the node between that ends where the file may grow to. */
export const fileNode = (disk: string): string => `${disk}-file`
export const roomNode = (disk: string): string => `${disk}-room`

/** `-object` and `-blockdev` values of one disk, in the order QEMU must see them. */
export function diskNodes(storage: DiskStorage, index: number): { readonly objects: readonly Json[]; readonly nodes: readonly Json[] } {
  const name = diskNode(index)
  if (storage.kind === 'writable-nbd') return { objects: [], nodes: [nbdNode(name, inside.nbd(index), storage.nbd, false)] }
  const { base } = storage
  return {
    objects: [{ 'qom-type': 'secret', id: `${name}-key`, file: inside.secret(index) }],
    nodes: [
      ...(base === null ? [] : [nbdNode(`${name}-base`, inside.nbd(index), base, true)]),
      { driver: 'file', 'node-name': fileNode(name), filename: inside.overlay(index), locking: 'on', discard: 'unmap', cache: writeBack },
      { driver: 'raw', 'node-name': roomNode(name), file: fileNode(name) },
      {
        driver: 'qcow2',
        'node-name': name,
        file: roomNode(name),
        backing: base === null ? null : `${name}-base`,
        encrypt: { format: 'luks', 'key-secret': `${name}-key` },
        discard: 'unmap',
        cache: writeBack,
      },
    ],
  }
}

/** All that a machine writes into, in the order of their nodes: its disks, then what its firmware remembers. */
export function storagesOf({ disks, firmware }: Pick<VmSpec, 'disks' | 'firmware'>): readonly DiskStorage[] {
  return [...disks.map((disk) => disk.storage), ...(firmware === 'bios' ? [] : [firmware.variables])]
}

/** The code of a UEFI, which nothing writes to. */
export const firmwareNode: Json = { driver: 'file', 'node-name': 'firmware', filename: inside.firmware, 'read-only': true }

/** `rerror` and `werror` stop the CPUs instead of showing the guest an error: the same request is retried after `cont`. */
export function diskDevice(disk: DiskSpec, index: number, place: number, chipset: VmSpec['chipset']): Json {
  const common = { drive: diskNode(index), id: `${diskNode(index)}-device`, bootindex: index + 1, rerror: 'stop', werror: 'stop' }
  switch (disk.controller) {
    case 'virtio':
      return { driver: 'virtio-blk-pci', ...common, addr: `0x${(0x10 + index).toString(16)}` }
    case 'scsi':
      return { driver: 'scsi-hd', ...common, bus: 'scsi.0', 'scsi-id': place }
    case 'sata':
      return { driver: 'ide-hd', ...common, ...sataPlace(place, chipset) }
    default:
      return { driver: 'ide-hd', ...common, ...idePlace(place) }
  }
}

function idePlace(place: number): Json {
  return { bus: `ide.${place >> 1}`, unit: place & 1 }
}

/** A q35's own controller calls its ports `ide`. */
function sataPlace(place: number, chipset: VmSpec['chipset']): Json {
  return { bus: `${chipset === 'q35' ? 'ide' : 'sata'}.${place}`, unit: 0 }
}

/** Behind the disks on the same bus; nothing boots from it. */
export function mediumNode({ nbd }: MediumSpec): Json {
  return nbdNode('medium', inside.medium, nbd, true)
}

export function mediumDevice(place: number, chipset: VmSpec['chipset']): Json {
  const at = chipset === 'q35' ? sataPlace(place, chipset) : idePlace(place)
  return { driver: 'ide-cd', drive: 'medium', id: 'medium-device', rerror: 'stop', werror: 'stop', ...at }
}

/** Empty; `insert` of the device control fills it. */
export function driveDevice(drive: DriveName, place: number, chipset: VmSpec['chipset']): Json {
  if (drive === 'floppy') return { driver: 'floppy', id: 'floppy', bus: 'floppy-bus.0', unit: 0, 'drive-type': '144' }
  return { driver: 'ide-cd', id: 'cd', ...(chipset === 'q35' ? sataPlace(place, chipset) : idePlace(place)) }
}

export function driveNode(drive: DriveName, { nbd }: MediumSpec): Json {
  return nbdNode(`${drive}-medium`, inside.drive(drive), nbd, true)
}

/** Through the host's page cache, flushed when the guest flushes. */
const writeBack = { direct: false, 'no-flush': false } as const

/**
 * `reconnect-delay` 1: a lost connection holds requests for a second (QMP waits as long), then they fail and the CPUs stop, while QEMU goes on
 * trying to connect; with 0 it would never connect again.
 */
function nbdNode(name: string, socket: string, nbd: NbdExport, readOnly: boolean): Json {
  return {
    driver: 'nbd',
    'node-name': name,
    server: { type: 'unix', path: socket },
    export: nbd.name,
    'read-only': readOnly,
    'reconnect-delay': 1,
    cache: writeBack,
  }
}
