// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createQemuBackend } from '../../src/qemu/backend.ts'
import { probeQemu } from '../../src/qemu/boot-probe.ts'
import { findInstallation, programFolders } from '../../src/qemu/installation.ts'
import { createOverlay } from '../../src/qemu/overlay.ts'
import { cachedProbe } from '../../src/qemu/probe-cache.ts'
import { boundToHardware } from '../../src/qemu/state-binding.ts'
import { openState } from '../../src/state/open.ts'
import { sealState } from '../../src/state/seal.ts'
import type { EngineBackend, StateFile, VmSpec } from '../../src/virtual-machine.ts'
import { chattyDisk, diskBytes } from '../boot-disk.ts'
import { processesOf } from './contained-processes.ts'
import { NbdHost } from './nbd-host.ts'
import { ideDisk, newSpec } from './new-spec.ts'

let root: string
let nbd: NbdHost
let backend: EngineBackend

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cm-'))
  nbd = new NbdHost(root)
  backend = createQemuBackend({ cacheFolder: join(root, 'cache') })
})
afterAll(async () => {
  await nbd.close()
  await rm(root, { recursive: true })
})

async function suspended(controller: 'ide' | 'virtio'): Promise<{ spec: VmSpec; file: StateFile }> {
  const overlay = { file: join(await mkdtemp(join(root, 'o-')), 'overlay.qcow2'), key: randomBytes(32) }
  await createOverlay({ ...overlay, sizeBytes: diskBytes })
  const disk = { ...ideDisk({ kind: 'luks-overlay', base: await nbd.serve(chattyDisk(2048)), ...overlay }), controller }
  const spec = newSpec(await mkdtemp(join(root, 'vm-')), [disk])
  const file = { path: join(spec.runtimeFolder, 'suspended'), key: randomBytes(32), binding: 'restore' }
  const vm = await backend.open(spec)
  const printed = new Promise((resolve) => vm.on('serial', resolve))
  await vm.start()
  await printed
  await vm.suspend(file)
  return { spec, file }
}

describe('a suspended state', () => {
  it.each(['ide', 'virtio'] as const)('goes on from an encrypted overlay on %s', async (controller) => {
    const { spec, file } = await suspended(controller)
    const vm = await backend.open(spec, file)
    const heard: Uint8Array[] = []
    const printed = new Promise<void>((resolve) =>
      vm.on('serial', (bytes) => {
        heard.push(bytes)
        resolve()
      }),
    )
    await vm.resume()
    await printed
    await vm.stop()
    expect(Buffer.concat(heard).toString()).toMatch(/^C+$/)
  })

  it('that is authentic and yet none of QEMU is refused, and leaves no process behind', async () => {
    const { spec, file } = await suspended('ide')
    const installation = await findInstallation(programFolders)
    const probe = await cachedProbe(join(root, 'cache'), installation, () => probeQemu(installation))
    const bound = boundToHardware(file, spec, probe)
    const pieces: Uint8Array[] = []
    for await (const piece of await openState(bound)) pieces.push(piece)
    const whole = Buffer.concat(pieces)
    for (const foreign of [randomBytes(100_000), whole.subarray(0, whole.length / 2)]) {
      await sealState(bound, [foreign])
      await expect(backend.open(spec, file)).rejects.toMatchObject({ code: 'state-mismatch' })
      expect(await processesOf(spec.name)).toEqual([])
      expect(await readdir(spec.runtimeFolder)).toEqual(['suspended'])
    }
    await sealState(bound, [whole])
    const vm = await backend.open(spec, file)
    expect(vm.state).toBe('paused')
    await vm.stop()
  })

  it.each<[string, (spec: VmSpec) => VmSpec]>([
    ['memory', (spec) => ({ ...spec, memoryMiB: 32 })],
    ['processors', (spec) => ({ ...spec, cpus: 2 })],
    ['a serial port', (spec) => ({ ...spec, serial: 'none' })],
    ['a disk controller', (spec) => ({ ...spec, disks: spec.disks.map((disk) => ({ ...disk, controller: 'virtio' })) })],
  ])('is refused by a machine with other hardware: %s', async (_, change) => {
    const { spec, file } = await suspended('ide')
    await expect(backend.open(change(spec), file)).rejects.toMatchObject({ code: 'state-mismatch' })
    await (await backend.open({ ...spec, name: 'renamed' }, file)).stop()
  })
})
