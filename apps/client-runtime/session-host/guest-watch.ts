// SPDX-License-Identifier: Apache-2.0
//
// What the session asks of its guest by the guest's agent, and what it shows of the answers. A guest may say what it likes: nothing is decided
// by it, and a guest that says nothing loses no more than comfort.
import type { Duplex } from 'node:stream'
import { GuestAgent } from '@casemate/engine/guest-agent'
import { AgentChannel } from '@casemate/engine/guest-agent-channel'
import type { VirtualMachine } from '@casemate/engine/virtual-machine'
import type { GuestView } from '../local-api.ts'

/** While a guest boots, and once it has answered. */
const lookMs = { first: 2000, later: 30_000 } as const
const mostAddresses = 16
/** Of no use to anyone outside: loopback and link-local. */
const ownOnly = /^(?:127\.|169\.254\.|::1$|fe[89ab])/i

export class GuestWatch {
  readonly #agent: GuestAgent
  readonly #vm: Pick<VirtualMachine, 'state' | 'on'>
  readonly #listeners: (() => void)[] = []
  readonly #onClock: () => void
  #view: GuestView | null = null
  #timer: NodeJS.Timeout | undefined
  #closed = false
  /** Its CPUs stood still, so its clock is behind. */
  #stood: boolean

  /** @param onClock told when the guest's clock was set, after its CPUs had stood. */
  constructor(stream: Duplex, vm: Pick<VirtualMachine, 'state' | 'on'>, onClock: () => void) {
    this.#agent = new GuestAgent(new AgentChannel(stream))
    this.#vm = vm
    this.#onClock = onClock
    this.#stood = vm.state === 'paused'
    vm.on('state', (state) => {
      if (state === 'paused' || state === 'starved') this.#stood = true
      if (state === 'running') this.#soon()
    })
  }

  /** As it was heard last; null: no agent has answered, or it stopped answering. */
  get view(): GuestView | null {
    return this.#view
  }

  /** Told when the agent says something else than before. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener)
  }

  /** @returns whether an agent was there to be asked; whether the guest does it shows in the VM's state. */
  async shutDown(): Promise<boolean> {
    try {
      await this.#agent.ping()
      await this.#agent.shutDown('powerdown')
      return true
    } catch {
      return false
    }
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
  }

  #soon(): void {
    this.#lookIn(this.#view === null ? lookMs.first : 0)
  }

  async #look(): Promise<void> {
    const before = JSON.stringify(this.#view)
    this.#view = this.#vm.state === 'running' ? await this.#ask() : this.#view
    if (JSON.stringify(this.#view) !== before) for (const listener of this.#listeners) listener()
    this.#lookIn(this.#view === null ? lookMs.first : lookMs.later)
  }

  #lookIn(delayMs: number): void {
    clearTimeout(this.#timer)
    if (!this.#closed) this.#timer = setTimeout(() => void this.#look(), delayMs)
  }

  async #ask(): Promise<GuestView | null> {
    try {
      const { name, kernel } = await this.#agent.system()
      const found = await this.#agent.interfaces()
      const addresses = found.flatMap((card) => card.addresses.map(({ address }) => address)).filter((address) => !ownOnly.test(address))
      await this.#setClock()
      return { system: name === '' ? kernel : name, addresses: addresses.slice(0, mostAddresses) }
    } catch {
      return null
    }
  }

  async #setClock(): Promise<void> {
    if (!this.#stood) return
    await this.#agent.setTime(Date.now())
    this.#stood = false
    this.#onClock()
  }
}
