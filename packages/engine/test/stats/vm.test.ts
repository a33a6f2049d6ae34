// SPDX-License-Identifier: Apache-2.0
//
// What machines say they use, against what their guest does: it reads one sector over and over, or writes one once.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { createQemuBackend } from '../../src/qemu/backend.ts'
import type { DiskCounters } from '../../src/stats/vm-stats.ts'
import { createV86Backend } from '../../src/v86/backend.ts'
import type { EngineBackend, VirtualMachine, VmSpec } from '../../src/virtual-machine.ts'
import { chattyDisk, diskBytes } from '../boot-disk.ts'
import { NbdHost } from '../qemu/nbd-host.ts'
import { ideDisk, newSpec } from '../qemu/new-spec.ts'
import { pioWriteDisk } from '../v86/boot-code.ts'

const patient = { timeout: 60_000, interval: 100 }
const nothing = { readBytes: 0, readOperations: 0, writtenBytes: 0, writeOperations: 0 }
const mebibyte = 1 << 20

let root: string
let nbd: NbdHost
const opened: VirtualMachine[] = []

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cm-'))
  nbd = new NbdHost(root)
})
afterEach(async () => {
  for (const vm of opened.splice(0)) await vm.stop()
})
afterAll(async () => {
  await nbd.close()
  await rm(root, { recursive: true })
})

const qemu = () => createQemuBackend({ cacheFolder: join(root, 'cache') })

async function specOf(...images: readonly Buffer[]): Promise<VmSpec> {
  const disks = await Promise.all(
    images.map(async (image, index) => ideDisk({ kind: 'writable-nbd', nbd: await nbd.serve(image) }, index === 0 ? 'system' : `disk-${index}`)),
  )
  return newSpec(await mkdtemp(join(root, 'vm-')), disks)
}

async function open(backend: EngineBackend, spec: VmSpec): Promise<VirtualMachine> {
  const vm = await backend.open(spec)
  opened.push(vm)
  return vm
}

/** v86 itself looks at the boot sector of each disk before there is a guest. */
describe.each<[string, () => EngineBackend, DiskCounters]>([
  ['qemu', qemu, nothing],
  ['v86', () => createV86Backend(), { ...nothing, readBytes: 512, readOperations: 1 }],
])('a VM of %s', (_name, backend, before) => {
  it('uses more processor time while its guest computes, and none while it is paused', async () => {
    const vm = await open(backend(), await specOf(chattyDisk(2048)))
    await vm.start()
    const first = await vm.stats()
    expect(first.residentBytes).toBeGreaterThan(16 * mebibyte)
    await vi.waitFor(async () => expect((await vm.stats()).processorSeconds).toBeGreaterThan(first.processorSeconds + 0.5), patient)
    await vm.pause()
    const paused = await vm.stats()
    await new Promise((resolve) => setTimeout(resolve, 2000))
    expect((await vm.stats()).processorSeconds).toBeLessThan(paused.processorSeconds + 0.4)
  })

  it('counts what its guest reads, on the disk that it reads', async () => {
    const vm = await open(backend(), await specOf(chattyDisk(2048), Buffer.alloc(diskBytes)))
    expect((await vm.stats()).disks).toEqual([
      { name: 'system', ...before },
      { name: 'disk-1', ...before },
    ])
    await vm.start()
    await vi.waitFor(async () => expect((await vm.stats()).disks?.[0]?.readOperations).toBeGreaterThan(100), patient)
    const [system] = (await vm.stats()).disks ?? []
    expect(system?.readBytes).toBeGreaterThan(100 * 512)
    expect(system?.writeOperations).toBe(0)
  })

  it('counts what its guest writes', async () => {
    const vm = await open(backend(), await specOf(pioWriteDisk(2048)))
    const heard = new Promise((resolve) => vm.on('serial', resolve))
    await vm.start()
    await heard
    const [system] = (await vm.stats()).disks ?? []
    expect(system).toMatchObject({ name: 'system', writeOperations: 1, writtenBytes: 512 })
  })
})

describe('a VM of qemu', () => {
  it('has the memory that its balloon leaves it', async () => {
    const spec = await specOf(chattyDisk(2048))
    const vm = await open(qemu(), { ...spec, devices: { balloon: true } })
    expect((await vm.stats()).balloonMiB).toBe(spec.memoryMiB)
  })
})
