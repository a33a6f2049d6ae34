// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { createV86Backend } from '../../src/v86/backend.ts'
import { V86Machine } from '../../src/v86/machine.ts'
import type { VmSpec } from '../../src/virtual-machine.ts'
import { chattyDisk, diskBytes } from '../boot-disk.ts'
import { engineContract } from '../contract.ts'
import { NbdHost } from '../qemu/nbd-host.ts'

engineContract('v86', async () => {
  const root = await mkdtemp(join(tmpdir(), 'cm-'))
  const nbd = new NbdHost(root)
  const backend = createV86Backend()
  const newSpec = async (failOnce?: number): Promise<VmSpec> => ({
    name: 'contract',
    firmware: 'bios',
    chipset: 'i440fx',
    cpus: 1,
    memoryMiB: 16,
    disks: [
      {
        name: 'system',
        sizeBytes: diskBytes,
        controller: 'ide',
        storage: {
          kind: 'writable-nbd',
          nbd: await nbd.serve(chattyDisk(2048), { writable: true, ...(failOnce === undefined ? {} : { failOnce }) }),
        },
      },
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
      if (!(vm instanceof V86Machine) || vm.pid === undefined) throw new Error('no v86 child runs')
      process.kill(vm.pid, 'SIGSEGV')
    },
    openStarved: async () => {
      const vm = await backend.open(await newSpec(2048))
      const starved = new Promise((resolve) => vm.on('starved', resolve))
      await vm.start()
      expect(await starved).toBe('system')
      return vm
    },
    beyond: { spec: { ...(await newSpec()), cpus: 2 }, missing: 'cpus:many' },
    close: async () => {
      await nbd.close()
      await rm(root, { recursive: true })
    },
  }
})
