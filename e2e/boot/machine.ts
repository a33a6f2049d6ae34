// SPDX-License-Identifier: Apache-2.0
//
// The device guest on a machine of the engine's own, and what it says when it is asked through its agent.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { expect } from 'vitest'
import { EngineError } from '../../packages/engine/src/error.ts'
import { GuestAgent } from '../../packages/engine/src/guest/agent.ts'
import { AgentChannel } from '../../packages/engine/src/guest/agent-channel.ts'
import { runCommand } from '../../packages/engine/src/guest/run-command.ts'
import { type NetworkSwitch, startNetwork } from '../../packages/engine/src/network/switch.ts'
import { createQemuBackend } from '../../packages/engine/src/qemu/backend.ts'
import type { DeviceControl, DiskSpec, StateFile, VirtualMachine, VmSpec } from '../../packages/engine/src/virtual-machine.ts'
import { NbdHost } from '../../packages/engine/test/qemu/nbd-host.ts'
import { buildDeviceGuest } from './device-guest.ts'

const bootMs = 100_000

export class BootedMachine {
  readonly vm: VirtualMachine
  readonly devices: DeviceControl
  readonly agent: GuestAgent

  constructor(vm: VirtualMachine) {
    if (vm.devices?.agent === undefined) throw new Error('expected a channel to the agent')
    this.vm = vm
    this.devices = vm.devices
    this.agent = new GuestAgent(new AgentChannel(vm.devices.agent))
  }

  /** What `command` of busybox' shell prints, without the last newline. A command that fails fails the test with its words. */
  async sh(command: string, deadlineMs = 60_000): Promise<string> {
    const { channel } = this.agent
    const { exitCode, output, errorOutput } = await runCommand(channel, { path: '/bin/sh', args: ['-c', command], maxBytes: 1 << 18, deadlineMs })
    expect({ command, exitCode, said: errorOutput.toString('utf8') }).toMatchObject({ exitCode: 0 })
    return output.toString('utf8').replace(/\n$/, '')
  }

  /** The PCI device at `address`, `8086:1237`. */
  async pci(address: string): Promise<string> {
    const [vendor, device] = (await this.sh(`cd /sys/bus/pci/devices/0000:${address} && cat vendor device`)).split('\n')
    return `${vendor?.slice(2)}:${device?.slice(2)}`
  }

  /** Asks for an address over the card, and returns the one that the switch gave. */
  async lease(): Promise<string | undefined> {
    const said = await this.sh('load network && ip link set eth0 up && udhcpc -i eth0 -n -q -t 20 -T 1 -s /bin/true 2>&1')
    return /lease of (\S+) obtained/.exec(said)?.[1]
  }

  /** All that `event` hands over from now on, as text. */
  hears(event: 'serial' | 'parallel'): () => string {
    let heard = ''
    this.vm.on(event, (bytes) => {
      heard += Buffer.from(bytes).toString('latin1')
    })
    return () => heard
  }
}

/** Machines of one test file: all are gone after `end`. */
export class Machines {
  readonly nbd: NbdHost
  readonly #root: string
  readonly #image: Buffer
  readonly #opened: VirtualMachine[] = []
  readonly #networks: NetworkSwitch[] = []

  private constructor(root: string, image: Buffer) {
    this.#root = root
    this.#image = image
    this.nbd = new NbdHost(root)
  }

  static async ready(): Promise<Machines> {
    return new Machines(await mkdtemp(join(tmpdir(), 'cb-')), await readFile(await buildDeviceGuest()))
  }

  /** A network without any rule on the host's side of a card. */
  async network(model: Exclude<VmSpec['network'], 'none'>['model']): Promise<Exclude<VmSpec['network'], 'none'>> {
    const card = { model, mac: '52:54:00:ab:cd:ef', socket: join(await this.folder(), 'net') }
    this.#networks.push(await startNetwork({ ...card, rules: { allow: [] }, kbitPerSecond: null, onEvent: () => undefined }))
    return card
  }

  /** A short private folder, for sockets and files. */
  folder(): Promise<string> {
    return mkdtemp(join(this.#root, 'm-'))
  }

  /** With the guest's disk on `controller`. */
  async spec(controller: DiskSpec['controller'], change: Partial<VmSpec> = {}): Promise<VmSpec> {
    const { devices, disks = [], ...rest } = change
    return {
      name: 'device-guest',
      firmware: 'bios',
      chipset: 'i440fx',
      cpus: 1,
      memoryMiB: 256,
      video: 'std',
      serial: 'captured',
      network: 'none',
      runtimeFolder: await this.folder(),
      ...rest,
      disks: [await this.disk('boot', controller, Buffer.from(this.#image)), ...disks],
      devices: { ...devices, agent: true },
    }
  }

  async disk(name: string, controller: DiskSpec['controller'], bytes: Buffer): Promise<DiskSpec> {
    return { name, controller, sizeBytes: bytes.length, storage: { kind: 'writable-nbd', nbd: await this.nbd.serve(bytes) } }
  }

  /** Goes on from `state`. */
  async restore(spec: VmSpec, state: StateFile): Promise<BootedMachine> {
    const vm = await this.#open(spec, state)
    await vm.resume()
    return new BootedMachine(vm)
  }

  async #open(spec: VmSpec, state?: StateFile): Promise<VirtualMachine> {
    const vm = await createQemuBackend({ cacheFolder: join(this.#root, 'cache') }).open(spec, state)
    this.#opened.push(vm)
    return vm
  }

  /** Resolves once the guest's agent answers. */
  async boot(spec: VmSpec): Promise<BootedMachine> {
    const vm = await this.#open(spec)
    let said = ''
    vm.on('serial', (bytes) => {
      said = (said + Buffer.from(bytes).toString('latin1')).slice(-4000)
    })
    const machine = new BootedMachine(vm)
    await vm.start()
    for (const end = performance.now() + bootMs; ; await wait(200)) {
      try {
        await machine.agent.ping()
        return machine
      } catch (error) {
        if (!(error instanceof EngineError) || performance.now() > end || vm.state !== 'running')
          throw new Error(`the guest's agent does not answer; the machine is ${vm.state} and said: ${said}`, { cause: error })
      }
    }
  }

  async end(): Promise<void> {
    await Promise.all(this.#opened.map((vm) => vm.stop()))
    await Promise.all(this.#networks.map((network) => network.close()))
    await this.nbd.close()
    await rm(this.#root, { recursive: true, force: true })
  }
}
