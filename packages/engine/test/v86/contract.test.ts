// SPDX-License-Identifier: Apache-2.0
import { expect } from 'vitest'
import { V86Machine } from '../../src/v86/machine.ts'
import { chattyDisk } from '../boot-disk.ts'
import { engineContract } from '../contract.ts'
import { starvation, V86Fixture } from './v86-fixture.ts'

const SECTOR = 2048

engineContract('v86', async () => {
  const fixture = await V86Fixture.make()
  const newSpec = async () => fixture.spec(await fixture.disk(chattyDisk(SECTOR)))
  return {
    backend: fixture.backend,
    newSpec,
    crash: async (vm) => {
      if (!(vm instanceof V86Machine) || vm.pid === undefined) throw new Error('no v86 child runs')
      process.kill(vm.pid, 'SIGSEGV')
    },
    openStarved: async () => {
      const disk = await fixture.disk(chattyDisk(SECTOR), { rule: ({ offset }) => (offset === SECTOR * 512 ? 'fail' : 'answer') })
      const vm = await fixture.open(await fixture.spec(disk))
      const starved = starvation(vm)
      await vm.start()
      expect(await starved).toBe('system')
      disk.rule = () => 'answer'
      return vm
    },
    beyond: { spec: { ...(await newSpec()), cpus: 2 }, missing: 'cpus:many' },
    close: () => fixture.close(),
  }
})
