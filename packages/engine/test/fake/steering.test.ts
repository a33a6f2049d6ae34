// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFakeBackend } from '../../src/fake/backend.ts'
import type { VmSpec } from '../../src/virtual-machine.ts'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'casemate-fake-'))
})
afterAll(() => rm(root, { recursive: true }))

async function newSpec(): Promise<VmSpec> {
  const runtimeFolder = await mkdtemp(join(root, 'vm-'))
  return {
    name: 'fake',
    firmware: 'bios',
    chipset: 'i440fx',
    cpus: 1,
    memoryMiB: 16,
    disks: [],
    video: 'std',
    serial: 'none',
    network: 'none',
    runtimeFolder,
  }
}

describe('the fake machine', () => {
  it('remembers what it carried out and not what it refused', async () => {
    const vm = await createFakeBackend().open(await newSpec())
    await vm.start()
    await expect(vm.start()).rejects.toMatchObject({ code: 'lifecycle-refused' })
    await vm.pause()
    await vm.pause()
    await vm.stop()
    expect(vm.performed).toEqual(['start', 'pause', 'stop'])
  })

  it('can be switched off by its guest', async () => {
    const vm = await createFakeBackend().open(await newSpec())
    await vm.start()
    vm.powerOff()
    expect(await vm.exited).toEqual({ state: 'stopped', message: 'the guest powered off' })
  })

  it('names the disk that starves it, and can only starve while it runs', async () => {
    const vm = await createFakeBackend().open(await newSpec())
    const starved: string[] = []
    vm.on('starved', (disk) => starved.push(disk))
    expect(() => vm.starve('system')).toThrow(expect.objectContaining({ code: 'lifecycle-refused' }))
    await vm.start()
    vm.starve('system')
    expect([vm.state, starved]).toEqual(['starved', ['system']])
    await vm.stop()
  })
})
