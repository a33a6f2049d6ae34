// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { createQemuBackend } from '../../src/qemu/backend.ts'
import type { VirtualMachine, VmSpec } from '../../src/virtual-machine.ts'
import { chattyDisk } from '../boot-disk.ts'
import { engineContract } from '../contract.ts'
import { qemuOf } from './contained-processes.ts'
import { NbdHost } from './nbd-host.ts'
import { ideDisk, newSpec } from './new-spec.ts'

engineContract('qemu', async () => {
  const root = await mkdtemp(join(tmpdir(), 'cm-'))
  const nbd = new NbdHost(root)
  const backend = createQemuBackend({ cacheFolder: join(root, 'cache') })
  const names = new Map<VirtualMachine, string>()
  const freshSpec = async (failOnce?: number): Promise<VmSpec> => {
    const disk = ideDisk({ kind: 'writable-nbd', nbd: await nbd.serve(chattyDisk(2048), failOnce) })
    return newSpec(await mkdtemp(join(root, 'vm-')), [disk])
  }
  return {
    backend: {
      ...backend,
      open: async (spec, restore) => {
        const vm = await backend.open(spec, restore)
        names.set(vm, spec.name)
        return vm
      },
    },
    newSpec: () => freshSpec(),
    crash: async (vm) => {
      const pid = await qemuOf(names.get(vm) ?? '')
      if (pid === undefined) throw new Error('no QEMU of this name runs')
      process.kill(pid, 'SIGSEGV')
    },
    openStarved: async () => {
      const vm = await backend.open(await freshSpec(2048))
      const starved = new Promise((resolve) => vm.on('starved', resolve))
      await vm.start()
      expect(await starved).toBe('system')
      return vm
    },
    close: async () => {
      await nbd.close()
      await rm(root, { recursive: true })
    },
  }
})
