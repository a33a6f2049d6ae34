// SPDX-License-Identifier: Apache-2.0
//
// A guest that tries to get out of the network it was given, and how a test says what came of it.
import { join } from 'node:path'
import { expect, vi } from 'vitest'
import type { DomainRule, NetworkRule } from '../../packages/engine/src/network/switch.ts'
import { MAC } from '../../packages/engine/test/network/scripted-guest.ts'
import { EscapingGuest } from './escaping-guest.ts'
import { Machines } from './machine.ts'
import { Surroundings } from './surroundings.ts'

type Protocol = NetworkRule['protocol']

export function rule(cidr: string, port: number | null = 8080, protocol: Protocol = 'tcp'): NetworkRule {
  return { protocol, cidr, ports: port === null ? null : [port, port] }
}

export function byName(domain: string, protocol: Protocol): DomainRule {
  return { protocol, domain, ports: null }
}

export const everything = (['tcp', 'udp', 'icmp'] as const).flatMap((protocol) => ['0.0.0.0/0', '::/0'].map((cidr) => rule(cidr, null, protocol)))

export class Escape {
  readonly guest: EscapingGuest
  readonly around: Surroundings
  readonly #machines: Machines

  private constructor(machines: Machines, around: Surroundings, guest: EscapingGuest) {
    this.#machines = machines
    this.around = around
    this.guest = guest
  }

  static async ready(): Promise<Escape> {
    const machines = await Machines.ready()
    const card = { model: 'virtio' as const, mac: MAC, socket: join(await machines.folder(), 'net') }
    const around = await Surroundings.ready(card)
    try {
      const machine = await machines.boot(await machines.spec('virtio', { network: card }))
      return new Escape(machines, around, await EscapingGuest.ready(machine))
    } catch (error) {
      await machines.end()
      await around.end()
      throw error
    }
  }

  folder(): Promise<string> {
    return this.#machines.folder()
  }

  /** `act` reaches `expected` and nothing else. */
  async reaching(expected: readonly string[], act: () => Promise<unknown>): Promise<void> {
    const reached = this.around.listen()
    await act()
    await vi.waitFor(() => expect(reached()).toEqual([...expected].sort()), { timeout: 60_000, interval: 100 })
  }

  /** `act` opens nothing, and what is refused of it is so for `reason`: `count` packets, or some where its kernel tries again. */
  async refusedAs(reason: string, act: () => Promise<unknown>, count?: number): Promise<void> {
    const { refused, opened } = await this.around.during(act)
    expect({ refused, opened }).toEqual({ refused: { [reason]: count ?? expect.any(Number) }, opened: 0 })
  }

  async connects(address: string, port = 8080): Promise<void> {
    expect(await this.guest.connects(address, port)).toBe('answered')
  }

  async isRefused(address: string, port = 8080): Promise<void> {
    expect(await this.guest.connects(address, port)).toBe('refused')
  }

  /** Frames are dealt with in their order: once a lease is answered, all before it are. */
  async sends(frames: readonly Buffer[]): Promise<void> {
    await this.guest.sends(frames)
    await this.guest.lease()
  }

  async end(): Promise<void> {
    await this.#machines.end()
    await this.around.end()
  }
}
