// SPDX-License-Identifier: Apache-2.0
//
// What a package is sealed from: a machine file and its disks, or an appliance, which says both.
import { type Appliance, openAppliance } from '@casemate/vm-package/appliance'
import type { Hardware } from '@casemate/vm-package/hardware'
import type { SealDisk } from '@casemate/vm-package/seal'
import { InvalidArgumentError } from 'commander'
import { attachDisks, type DiskOption } from './disk-option.ts'
import { AdminError } from './error.ts'
import { readMachineFile } from './machine-file.ts'
import { Progress } from './progress.ts'

export interface SealInputOptions {
  readonly machine?: string
  readonly disk?: readonly DiskOption[]
  readonly appliance?: string
  readonly role?: ReadonlyMap<string, SealDisk['role']>
  readonly eula?: string
}

export interface SealInput {
  readonly hardware: Hardware
  readonly disks: readonly SealDisk[]
  /** Of an appliance that has one. */
  readonly eula: string | null
  /** What of an appliance is not carried over, in sentences. */
  readonly notes: readonly string[]
  /** Reads what there are digests for, with progress. @throws PackageError `appliance-digest` */
  readonly check: (signal: AbortSignal) => Promise<void>
  readonly close: () => Promise<void>
}

/** `NAME=system` or `NAME=user` */
export function collectRole(text: string, before: ReadonlyMap<string, SealDisk['role']> = new Map()): ReadonlyMap<string, SealDisk['role']> {
  const { name, role } = /^(?<name>[a-z0-9-]{1,32})=(?<role>system|user)$/.exec(text)?.groups ?? {}
  if (name === undefined || before.has(name)) throw new InvalidArgumentError('expected NAME=system or NAME=user, once for each disk.')
  return new Map([...before, [name, role === 'system' ? 'system' : 'user']])
}

/** @throws AdminError `usage`, `machine-invalid`, `file-unreadable`, `disk-unknown`; PackageError `appliance-...`, `source-unreadable` */
export async function openSealInput(options: SealInputOptions): Promise<SealInput> {
  const { machine, disk, appliance, role } = options
  if (appliance !== undefined) {
    if (machine !== undefined || disk !== undefined) throw usage('expected `--appliance`, or `--machine` with `--disk`, found both')
    return await openApplianceInput(appliance, options)
  }
  if (machine === undefined || disk === undefined) throw usage('expected `--machine` and `--disk`, or `--appliance`')
  if (role !== undefined) throw usage('expected `--role` with `--appliance` only: `--disk` says it as NAME=PATH:ROLE')
  const described = await readMachineFile(machine)
  const disks = attachDisks(disk, described)
  return { hardware: described.hardware, disks, eula: null, notes: [], check: async () => undefined, close: async () => undefined }
}

const usage = (message: string): AdminError => new AdminError('usage', 'usage', message)

async function openApplianceInput(path: string, { role: roles = new Map(), eula: otherEula }: SealInputOptions): Promise<SealInput> {
  const appliance = await openAppliance(path)
  const unknown = [...roles.keys()].find((name) => !appliance.disks.some((disk) => disk.name === name))
  if (unknown !== undefined) {
    await appliance.close()
    const names = appliance.disks.map(({ name }) => `\`${name}\``).join(', ')
    throw new AdminError('refused', 'disk-unknown', `the appliance has no disk \`${unknown}\`; it has ${names}`)
  }
  const { hardware, eula } = appliance
  const disks = appliance.disks.map((disk) => ({ ...disk, role: roles.get(disk.name) ?? disk.role }))
  const licence = otherEula === undefined ? 'its licence becomes the EULA of the package' : 'its licence is left out: `--eula` is given'
  const notes = [...appliance.notes, ...(eula === null ? [] : [licence])]
  return { hardware, disks, eula, notes, check: (signal) => checkDigests(appliance, signal), close: () => appliance.close() }
}

async function checkDigests(appliance: Appliance, signal: AbortSignal): Promise<void> {
  const progress = new Progress('checked')
  let total = 0
  await appliance.checkDigests((bytesRead, bytesTotal) => {
    total = bytesTotal
    progress.update(bytesRead, bytesTotal)
  }, signal)
  if (total > 0) progress.finish(total, total)
}
