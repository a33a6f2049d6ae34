// SPDX-License-Identifier: Apache-2.0
//
// What the runtime asks of a guest through its agent. Nothing that comes back is believed beyond its form, and no decision hangs on it.
// Source: QEMU Guest Agent Protocol Reference 7.2.
import { isIP } from 'node:net'
import { z } from 'zod'
import { type AgentChannel, printable } from './agent-channel.ts'

const name = z.string().max(256).transform(printable)
const nothing = z.strictObject({})

const info = z.object({
  version: name,
  supported_commands: z.array(z.object({ name: z.string().max(100), enabled: z.boolean() })).max(500),
})
const osInfo = z.object({
  id: name.default(''),
  name: name.default(''),
  'pretty-name': name.default(''),
  version: name.default(''),
  'kernel-release': name.default(''),
  machine: name.default(''),
})
const address = z.object({ 'ip-address': z.string().refine((text) => isIP(text) !== 0), prefix: z.int().min(0).max(128) })
const interfaces = z
  .array(
    z.object({
      name,
      'hardware-address': z
        .string()
        .regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i)
        .optional(),
      'ip-addresses': z.array(address).max(64).default([]),
    }),
  )
  .max(64)

export interface GuestSystem {
  readonly id: string
  /** For people. */
  readonly name: string
  readonly version: string
  readonly kernel: string
  readonly machine: string
}

export interface GuestInterface {
  readonly name: string
  readonly mac: string | null
  readonly addresses: readonly { readonly address: string; readonly prefix: number }[]
}

/** As short as a busy guest allows. */
const answerMs = 5000
/** A freeze waits until all that is written has reached the disks. */
const freezeMs = 30_000

/** Requests run one at a time; each throws EngineError as {@link AgentChannel.execute} says. */
export class GuestAgent {
  readonly channel: AgentChannel

  constructor(channel: AgentChannel) {
    this.channel = channel
  }

  async ping(): Promise<void> {
    await this.channel.execute('guest-ping', {}, nothing, answerMs)
  }

  async info(): Promise<{ readonly version: string; readonly commands: ReadonlySet<string> }> {
    const found = await this.channel.execute('guest-info', {}, info, answerMs)
    return { version: found.version, commands: new Set(found.supported_commands.flatMap((command) => (command.enabled ? command.name : []))) }
  }

  async system(): Promise<GuestSystem> {
    const found = await this.channel.execute('guest-get-osinfo', {}, osInfo, answerMs)
    const { id, version, machine } = found
    return { id, name: found['pretty-name'] || found.name, version, kernel: found['kernel-release'], machine }
  }

  async interfaces(): Promise<readonly GuestInterface[]> {
    const found = await this.channel.execute('guest-network-get-interfaces', {}, interfaces, answerMs)
    return found.map((one) => ({
      name: one.name,
      mac: one['hardware-address'] ?? null,
      addresses: one['ip-addresses'].map((of) => ({ address: of['ip-address'], prefix: of.prefix })),
    }))
  }

  /** Milliseconds since 1970, UTC. The agent counts nanoseconds, which lose their last digits here. */
  async time(): Promise<number> {
    return (await this.channel.execute('guest-get-time', {}, z.number().min(0), answerMs)) / 1e6
  }

  /** @param now milliseconds since 1970, UTC. */
  async setTime(now: number): Promise<void> {
    await this.channel.execute('guest-set-time', { time: Math.round(now) * 1e6 }, nothing, answerMs)
  }

  /**
   * Runs `act` while nothing is written to the guest's file systems. They are thawed whatever becomes of `act`, and a freeze that
   * failed half-way is thawed too.
   */
  async whileFrozen<T>(act: () => Promise<T>): Promise<T> {
    const thaw = () => this.channel.execute('guest-fsfreeze-thaw', {}, z.int().min(0), freezeMs)
    try {
      await this.channel.execute('guest-fsfreeze-freeze', {}, z.int().min(0), freezeMs)
    } catch (error) {
      await thaw().catch(() => undefined)
      throw error
    }
    try {
      return await act()
    } finally {
      await thaw()
    }
  }

  /** Resolves once it was asked; whether the guest does it shows in the VM's state. */
  async shutDown(mode: 'powerdown' | 'reboot' | 'halt'): Promise<void> {
    await this.channel.send('guest-shutdown', { mode }, answerMs)
  }
}
