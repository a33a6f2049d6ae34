// SPDX-License-Identifier: Apache-2.0
//
// Which state a VM is opened from: what an instance was suspended in, the package's warm state at its first start, or none.
import { readdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { EngineError } from '@casemate/engine/error'
import type { EngineBackend, StateFile, VirtualMachine, VmSpec } from '@casemate/engine/virtual-machine'
import type { WarmState } from '@casemate/vm-package/warm-state'
import { syncFolder } from '../daemon/update/write-whole.ts'
import type { EventLog } from './event-log.ts'
import type { Reverted } from './snapshots/revert.ts'

/**
 * Goes on from the suspended state where there is one, or from the package's warm state at the first start. A suspended state is then
 * removed before the CPUs run, and so are those of other releases: none may be resumed over disks that have moved on. A warm start's disks
 * are there by then too; where one could not be made, the VM is ended. A snapshot that is brought back goes before either.
 * @param folder of the instance
 */
export async function openVm(
  backend: EngineBackend,
  spec: VmSpec,
  stateFile: StateFile,
  folder: string,
  warm: { readonly state: WarmState | null; readonly disks: Promise<void> },
  reverted: Reverted | null,
  events: Pick<EventLog, 'add'>,
): Promise<VirtualMachine> {
  const suspended = (await readdir(folder)).filter((name) => name.endsWith('.state')).map((name) => join(folder, name))
  const vm = await (reverted !== null
    ? openReverted(backend, spec, reverted, events)
    : warm.state !== null && backend.portable !== undefined
      ? backend.portable.open(spec, warm.state.state())
      : backend.open(spec, suspended.includes(stateFile.path) ? stateFile : undefined))
  try {
    await warm.disks
    for (const path of suspended) await rm(path)
    if (suspended.length > 0) await syncFolder(dirname(stateFile.path))
    await reverted?.done()
  } catch (fault) {
    await vm.stop()
    throw fault
  }
  return vm
}

/** Where the engine is another than the one that saved the memory, the disks boot as after a power cut. */
async function openReverted(backend: EngineBackend, spec: VmSpec, { memory }: Reverted, events: Pick<EventLog, 'add'>): Promise<VirtualMachine> {
  try {
    return await backend.open(spec, memory ?? undefined)
  } catch (error) {
    if (!(error instanceof EngineError) || error.code !== 'state-mismatch') throw error
    events.add('snapshot-memory-left-out', { detail: error.message })
    return backend.open(spec)
  }
}
