// SPDX-License-Identifier: Apache-2.0
//
// What stands around a guest that tries to get out: the host with its loopback, servers beside it, and the product's switch in between. Each
// end says who came, the switch what it refused.
import { execFileSync } from 'node:child_process'
import { z } from 'zod'
import type { NetworkRules, RefusalReason } from '../../packages/engine/src/network/switch.ts'
import { type ChildLines, inNamespace } from '../../packages/engine/test/network/child-lines.ts'
import { makeNamespaces, type Namespaces, serverAddresses } from '../../packages/engine/test/network/namespaces.ts'

export const NAME_SERVER = '10.77.0.2'
/** A guest of an isolated network has it, and here a server too. */
export const LAN_ADDRESS = '10.116.164.134'
const records = { 'first.example.com': ['10.77.0.3'], 'second.example.com': ['10.77.0.4'], 'other.example.org': ['10.77.0.4'] }
const page = import.meta.resolve('./page-process.ts')
const sent = z.object({ frames: z.number() })
const counted = z.object({
  counters: z.object({ opened: z.number(), refused: z.record(z.string(), z.number()), toUplink: sent, toGuest: sent }),
})

interface Effects {
  /** Packets, by reason. */
  readonly refused: Readonly<Record<string, number>>
  /** Flows that were let through. */
  readonly opened: number
  readonly sent: { readonly toUplink: number; readonly toGuest: number }
}

export class Surroundings {
  readonly #spaces: Namespaces
  readonly #servers: readonly ChildLines[]
  readonly #host: ChildLines
  readonly #switch: ChildLines
  #said = 0

  private constructor(spaces: Namespaces, card: { readonly socket: string; readonly mac: string }) {
    this.#spaces = spaces
    execFileSync('ip', ['-n', spaces.servers, 'addr', 'add', `${LAN_ADDRESS}/32`, 'dev', 'lo'])
    // Where programs without rights may not ping, passt cannot either.
    execFileSync('ip', ['netns', 'exec', spaces.host, 'sh', '-c', 'echo 0 2147483647 >/proc/sys/net/ipv4/ping_group_range'])
    const servers = (file: string, ...args: string[]) => inNamespace(spaces.servers, file, ...args)
    this.#servers = [
      servers('servers-process.ts', ...serverAddresses, LAN_ADDRESS, '10.77.0.3,853'),
      servers('dns-process.ts', NAME_SERVER, JSON.stringify(records)),
      servers(page, '10.77.0.3'),
    ]
    this.#host = inNamespace(spaces.host, 'servers-process.ts', '0.0.0.0', '::1', 'fd77::1', '0.0.0.0,53', '0.0.0.0,80')
    const options = { ...card, rules: { allow: [] }, kbitPerSecond: null, nameServers: [NAME_SERVER] }
    this.#switch = inNamespace(spaces.host, 'switch-process.ts', JSON.stringify(options))
  }

  static async ready(card: { readonly socket: string; readonly mac: string }): Promise<Surroundings> {
    const around = new Surroundings(makeNamespaces(), card)
    await Promise.all([...around.#servers, around.#host].map((child) => child.until(({ ready }) => ready === true)))
    await around.#switch.until(({ type, state }) => type === 'uplink' && state === 'up')
    return around
  }

  /** In force once this resolves. */
  async setRules(rules: NetworkRules): Promise<void> {
    await this.#tell({ rules })
  }

  /** What `act` led to at the switch. */
  async during(act: () => Promise<unknown>): Promise<Effects> {
    const before = await this.#tell({})
    await act()
    const after = await this.#tell({})
    const refused = Object.entries(after.refused).map(([reason, count]) => [reason, count - (before.refused[reason] ?? 0)] as const)
    return {
      // The uplink goes on for a while about flows that the guest has left.
      refused: Object.fromEntries(refused.filter(([reason, count]) => count !== 0 && reason !== 'unasked')),
      opened: after.opened - before.opened,
      sent: { toUplink: after.toUplink.frames - before.toUplink.frames, toGuest: after.toGuest.frames - before.toGuest.frames },
    }
  }

  /** Resolves once the switch has told of a refusal, by where it was to go. */
  async told(reason: RefusalReason, to: { readonly address?: string; readonly port?: number; readonly domain?: string }): Promise<void> {
    const wanted = Object.entries({ reason, ...to })
    await this.#switch.until(
      ({ flow }) => typeof flow === 'object' && flow !== null && wanted.every(([key, value]) => Reflect.get(flow, key) === value),
    )
  }

  /** Hands over who was reached since: `tcp 10.77.0.3 8080`, `asked first.example.com`, with `host:` before it the host. In order, each once. */
  listen(): () => readonly string[] {
    const children = [...this.#servers, this.#host]
    const before = children.map(({ events }) => events.length)
    return () => {
      const since = children.flatMap(({ events }, index) =>
        events
          .slice(before[index])
          .flatMap(arrival)
          .map((text) => (index < this.#servers.length ? text : `host: ${text}`)),
      )
      return [...new Set(since)].sort()
    }
  }

  async #tell(change: { readonly rules?: NetworkRules }): Promise<z.infer<typeof counted>['counters']> {
    this.#said++
    const count = this.#said
    this.#switch.say(change)
    return counted.parse(await this.#switch.until(({ rules }) => rules === count)).counters
  }

  async end(): Promise<void> {
    await this.#switch.end()
    await Promise.all([...this.#servers, this.#host].map((child) => child.end('SIGKILL')))
    this.#spaces.remove()
  }
}

function arrival({ came, address, port, asked }: Readonly<Record<string, unknown>>): readonly string[] {
  if (asked !== undefined) return [`asked ${asked}`]
  return came === undefined ? [] : [`${came} ${address} ${port}`]
}
