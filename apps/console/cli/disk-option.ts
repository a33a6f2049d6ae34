// SPDX-License-Identifier: Apache-2.0
import type { SealDisk } from '@casemate/vm-package/seal'
import { InvalidArgumentError } from 'commander'
import { AdminError } from './error.ts'
import type { MachineFile } from './machine-file.ts'

export interface DiskOption {
  readonly name: string
  readonly path: string
  readonly role: SealDisk['role']
}

/** `NAME=PATH[:ROLE]`; the first disk is the system disk, a later one keeps what its user writes unless it says `:system`. */
export function collectDisk(text: string, before: readonly DiskOption[] = []): readonly DiskOption[] {
  const match = /^(?<name>[a-z0-9-]{1,32})=(?<path>.+?)(?::(?<role>system|user))?$/.exec(text)
  const { name, path, role } = match?.groups ?? {}
  if (name === undefined || path === undefined) throw new InvalidArgumentError('expected NAME=PATH or NAME=PATH:system or NAME=PATH:user.')
  return [...before, { name, path, role: toRole(role) ?? (before.length === 0 ? 'system' : 'user') }]
}

function toRole(text: string | undefined): SealDisk['role'] | undefined {
  return text === 'system' || text === 'user' ? text : undefined
}

/** @throws AdminError `disk-unknown` where command line and machine file do not name the same disks. */
export function attachDisks(disks: readonly DiskOption[], machine: MachineFile): readonly SealDisk[] {
  const unused = [...machine.controllers.keys()].filter((name) => !disks.some((disk) => disk.name === name))
  if (unused.length > 0) throw new AdminError('refused', 'disk-unknown', `the machine has a disk \`${unused[0]}\` that no \`--disk\` gives`)
  return disks.map((disk) => {
    const controller = machine.controllers.get(disk.name)
    if (controller === undefined) throw new AdminError('refused', 'disk-unknown', `the machine has no disk \`${disk.name}\``)
    return { ...disk, controller }
  })
}
