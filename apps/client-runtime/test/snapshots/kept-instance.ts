// SPDX-License-Identifier: Apache-2.0
//
// An instance in a folder: two disks and a machine whose memory is a word, all of which say at which moment they are.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { sealState } from '@casemate/engine/state-seal'
import { layoutOf } from '../../layout.ts'
import type { SnapshotOwner } from '../../session-host/snapshots/record.ts'
import type { Reverted } from '../../session-host/snapshots/revert.ts'
import { openSealed } from '../../session-host/snapshots/sealed-json.ts'
import type { TakenMachine } from '../../session-host/snapshots/take.ts'

const diskBytes = 3 << 20

export function ownerIn(data: string, sha256 = 'a'.repeat(64), instanceKey = new Uint8Array(32).fill(7)): SnapshotOwner {
  return {
    plan: { instance: 'i1', package: { name: 'demo', version: '1', sha256 }, engine: 'v86' },
    layout: layoutOf(data).instance('i1'),
    instanceKey,
  }
}

const filesOf = ({ layout, plan }: SnapshotOwner) => [layout.systemDisk('c', plan.package.sha256, 'v86'), layout.userDisk('d', 'v86')]

/** Its disks are at `moment` from now on. */
export async function write(owner: SnapshotOwner, moment: string): Promise<void> {
  await mkdir(owner.layout.disks, { recursive: true })
  for (const file of filesOf(owner)) {
    const bytes = Buffer.alloc(diskBytes)
    bytes.write(`${moment} of ${basename(file)}`, 1 << 20)
    await writeFile(file, bytes)
  }
}

export function machineAt(owner: SnapshotOwner, moment: string): TakenMachine {
  return {
    vm: {
      snapshot: async (file, keepDisks) => {
        await sealState(file, [Buffer.from(moment)])
        await keepDisks()
      },
    },
    files: filesOf(owner),
    flush: async () => undefined,
    thumbnail: null,
  }
}

/** The one moment that all disks are at; more than one where they are a mix. */
export async function momentsOf(owner: SnapshotOwner, disks = owner.layout.disks): Promise<string> {
  const found = new Set<string>()
  for (const file of filesOf(owner)) {
    const bytes = await readFile(join(disks, basename(file)))
    const text = bytes.toString('latin1', 1 << 20, (1 << 20) + 200).replace(/\0.*$/s, '')
    found.add(bytes.length === diskBytes && text.endsWith(` of ${basename(file)}`) ? (text.split(' ')[0] ?? '') : 'torn')
  }
  return [...found].join(' and ')
}

/** The moment that the memory is at. */
export async function memoryOf(reverted: Reverted | null): Promise<string> {
  return reverted === null || reverted.memory === null ? 'none' : (await openSealed(reverted.memory)).toString()
}
