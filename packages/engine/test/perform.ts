// SPDX-License-Identifier: Apache-2.0
import { rm } from 'node:fs/promises'
import type { VmRequest } from '../src/lifecycle.ts'
import type { StateFile, VirtualMachine } from '../src/virtual-machine.ts'

/** @param file where a suspended state goes */
export function perform(vm: VirtualMachine, request: VmRequest, file: StateFile): Promise<void> {
  const acts: Record<VmRequest, () => Promise<void>> = {
    start: () => vm.start(),
    pause: () => vm.pause(),
    resume: () => vm.resume(),
    reset: () => vm.reset(),
    'power-button': () => vm.powerButton(),
    suspend: () => vm.suspend(file),
    snapshot: () => keepSnapshot(vm, { ...file, path: `${file.path}-kept` }),
    stop: () => vm.stop(),
  }
  return acts[request]()
}

/** Nobody goes back to it, so it does not stay. */
async function keepSnapshot(vm: VirtualMachine, file: StateFile): Promise<void> {
  try {
    await vm.snapshot(file, async () => undefined)
  } finally {
    await rm(file.path, { force: true })
  }
}
