// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createFakeBackend } from '../../src/fake/backend.ts'
import { FakeMachine } from '../../src/fake/machine.ts'
import type { VmSpec } from '../../src/virtual-machine.ts'
import { engineContract } from '../contract.ts'

engineContract('fake', async () => {
  const root = await mkdtemp(join(tmpdir(), 'casemate-fake-'))
  const backend = createFakeBackend()
  const newSpec = async (): Promise<VmSpec> => ({
    name: 'contract',
    firmware: 'bios',
    chipset: 'i440fx',
    cpus: 1,
    memoryMiB: 16,
    disks: [
      { name: 'system', sizeBytes: 4 << 20, controller: 'ide', storage: { kind: 'writable-nbd', nbd: { socket: join(root, 'nbd'), name: 'disk' } } },
    ],
    video: 'std',
    serial: 'captured',
    network: 'none',
    runtimeFolder: await mkdtemp(join(root, 'vm-')),
  })
  return {
    backend,
    newSpec,
    crash: async (vm) => {
      if (vm instanceof FakeMachine) vm.crash('asked to crash')
    },
    openStarved: async () => {
      const vm = await backend.open(await newSpec())
      await vm.start()
      vm.starve('system')
      return vm
    },
    beyond: { spec: { ...(await newSpec()), cpus: 2 }, missing: 'cpus:many' },
    close: () => rm(root, { recursive: true }),
  }
})
