// SPDX-License-Identifier: Apache-2.0
//
// A real guest on one of three networks, all else being equal: the device guest of e2e/boot under a bare QEMU with a virtio card, in a
// network namespace that stands for a host, and a server in another one. Needs root and iproute2.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { buildDeviceGuest } from '../e2e/boot/device-guest.ts'
import { GuestAgent } from '../packages/engine/src/guest/agent.ts'
import { AgentChannel } from '../packages/engine/src/guest/agent-channel.ts'
import { runCommand } from '../packages/engine/src/guest/run-command.ts'
import { lanFor } from '../packages/engine/src/network/lan.ts'
import type { NetworkRules } from '../packages/engine/src/network/switch.ts'
import { passtArguments } from '../packages/engine/src/network/uplink.ts'
import { type Accelerator, machineTypes } from '../packages/engine/src/qemu/command-line.ts'
import { inNamespace } from '../packages/engine/test/network/child-lines.ts'
import { makeNamespaces, type Namespaces } from '../packages/engine/test/network/namespaces.ts'

const mac = '52:54:00:12:34:56'
const bootMs = 300_000
export const server = '10.77.0.3'

export type Way = 'switch' | 'user' | 'passt'

/** Guests, what serves their networks, and the namespaces; `end` leaves nothing of them. */
export class GuestNetworks {
  readonly #folder: string
  readonly #namespaces: Namespaces = makeNamespaces()
  readonly #ends: (() => Promise<void>)[] = []

  private constructor(folder: string) {
    this.#folder = folder
  }

  static async make(): Promise<GuestNetworks> {
    return new GuestNetworks(await mkdtemp(join(tmpdir(), 'gn-')))
  }

  /** A program in the namespace of the servers. */
  inServers(program: string, ...args: string[]): ChildProcess {
    return this.#keep(spawn('ip', ['netns', 'exec', this.#namespaces.servers, program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] }))
  }

  /** Resolves once the guest has its address. @param rules of the switch */
  async boot(way: Way, accelerator: Accelerator, rules: NetworkRules): Promise<Guest> {
    const socket = join(this.#folder, `${way}.sock`)
    if (way === 'switch') await this.#startSwitch(socket, rules)
    const passt = way === 'passt' ? this.#startPasst() : null
    const addresses = { switch: { type: 'unix', path: socket }, passt: { type: 'fd', str: '3' } }
    const netdev = way === 'user' ? { type: 'user', id: 'net' } : { type: 'stream', id: 'net', server: false, addr: addresses[way] }
    const agentPath = join(this.#folder, `${way}-agent.sock`)
    const agents = createServer()
    agents.listen(agentPath)
    this.#ends.push(async () => void agents.close())
    const cpu = accelerator === 'kvm' ? 'host,migratable=on' : 'max,la57=off'
    const args = [
      ...['-nodefaults', '-display', 'none', '-machine', `${machineTypes.i440fx},accel=${accelerator}`, '-cpu', cpu, '-m', '256M'],
      ...['-drive', `file=${await buildDeviceGuest()},format=raw,if=ide,snapshot=on`, '-device', 'virtio-serial-pci'],
      ...['-chardev', `socket,id=agent,path=${agentPath}`, '-device', 'virtserialport,chardev=agent,name=org.qemu.guest_agent.0'],
      ...['-netdev', JSON.stringify(netdev), '-device', JSON.stringify({ driver: 'virtio-net-pci', netdev: 'net', mac, romfile: '' })],
    ]
    const arrival = once(agents, 'connection')
    const stdio = ['ignore', 'ignore', 'inherit', passt ?? 'ignore'] as const
    this.#keep(spawn('ip', ['netns', 'exec', this.#namespaces.host, 'qemu-system-x86_64', ...args], { stdio: [...stdio] }))
    passt?.destroy()
    const [connection] = await arrival
    const guest = new Guest(new GuestAgent(new AgentChannel(connection)))
    await guest.up()
    return guest
  }

  async end(): Promise<void> {
    for (const end of this.#ends.reverse()) await end()
    this.#namespaces.remove()
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #startSwitch(socket: string, rules: NetworkRules): Promise<void> {
    const child = inNamespace(this.#namespaces.host, './switch-process.ts', JSON.stringify({ socket, mac, rules, kbitPerSecond: null }))
    this.#ends.push(() => child.end())
    await child.until(({ ready }) => ready === true)
    await child.until(({ type, state }) => type === 'uplink' && state === 'up')
  }

  /** As the switch starts it. @returns the other end of its socket */
  #startPasst(): Socket {
    const { host } = this.#namespaces
    const command = ['netns', 'exec', host, 'passt', ...passtArguments(lanFor(mac))]
    const end = this.#keep(spawn('ip', command, { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] })).stdio[3]
    if (!(end instanceof Socket)) throw new Error('passt got no socket')
    return end
  }

  #keep(child: ChildProcess): ChildProcess {
    const gone = once(child, 'exit')
    this.#ends.push(async () => {
      child.kill('SIGKILL')
      await gone
    })
    return child
  }
}

class Guest {
  readonly #agent: GuestAgent

  constructor(agent: GuestAgent) {
    this.#agent = agent
  }

  async up(): Promise<void> {
    for (const end = performance.now() + bootMs; ; await setTimeout(500)) {
      try {
        await this.#agent.ping()
        break
      } catch (error) {
        if (performance.now() > end) throw error
      }
    }
    await this.sh('load network && ip link set eth0 up && ip addr add 10.0.2.15/24 dev eth0 && ip route add default via 10.0.2.2')
    await this.sh('until [ "$(cat /sys/class/net/eth0/carrier)" = 1 ]; do usleep 50000; done; sleep 1')
  }

  /** What `command` of busybox' shell prints. @throws Error with its words where it fails */
  async sh(command: string): Promise<string> {
    const options = { path: '/bin/sh', args: ['-c', command], maxBytes: 1 << 16, deadlineMs: 120_000 }
    const { exitCode, output, errorOutput } = await runCommand(this.#agent.channel, options)
    if (exitCode !== 0) throw new Error(`\`${command}\` ended with ${exitCode} in the guest: ${errorOutput}${output}`)
    return output.toString('utf8')
  }
}
