// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createV86Backend } from '../../src/v86/backend.ts'
import { V86Machine } from '../../src/v86/machine.ts'
import type { StateFile, VirtualMachine, VmSpec } from '../../src/virtual-machine.ts'
import { ScriptedNbd, type ScriptedNbdOptions } from './scripted-nbd.ts'

/** Machines, disks and folders of one test file; `close` ends and removes all of them. */
export class V86Fixture {
  readonly backend = createV86Backend()
  readonly root: string
  private readonly machines: VirtualMachine[] = []
  private readonly disks: ScriptedNbd[] = []

  private constructor(root: string) {
    this.root = root
  }

  static async make(): Promise<V86Fixture> {
    return new V86Fixture(await mkdtemp(join(tmpdir(), 'v86-')))
  }

  async disk(image: Buffer, options: ScriptedNbdOptions = {}): Promise<ScriptedNbd> {
    const disk = await ScriptedNbd.serve(join(await mkdtemp(join(this.root, 'nbd-')), 'nbd.sock'), image, options)
    this.disks.push(disk)
    return disk
  }

  async spec(...disks: ScriptedNbd[]): Promise<VmSpec> {
    return {
      name: 'test',
      firmware: 'bios',
      chipset: 'i440fx',
      cpus: 1,
      memoryMiB: 16,
      disks: disks.map((disk, index) => ({
        name: index === 0 ? 'system' : `disk-${index}`,
        sizeBytes: disk.image.length,
        controller: 'ide',
        storage: { kind: 'writable-nbd', nbd: disk.export },
      })),
      video: 'std',
      serial: 'captured',
      network: 'none',
      runtimeFolder: await mkdtemp(join(this.root, 'vm-')),
    }
  }

  async open(spec: VmSpec, restore?: StateFile): Promise<V86Machine> {
    const vm = await this.backend.open(spec, restore)
    this.machines.push(vm)
    if (!(vm instanceof V86Machine)) throw new Error('expected a v86 machine')
    return vm
  }

  async close(): Promise<void> {
    await Promise.all(this.machines.map((vm) => vm.stop()))
    await Promise.all(this.disks.map((disk) => disk.close()))
    await rm(this.root, { recursive: true })
  }
}

/** The guest's serial output so far. */
export function serialOf(vm: VirtualMachine): { text(): string } {
  let text = ''
  vm.on('serial', (bytes) => {
    text += Buffer.from(bytes).toString('latin1')
  })
  return { text: () => text }
}

export function starvation(vm: VirtualMachine): Promise<string> {
  return new Promise((resolve) => vm.on('starved', resolve))
}
