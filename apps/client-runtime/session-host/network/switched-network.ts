// SPDX-License-Identifier: Apache-2.0
//
// Listed servers, or the host alone: the engine's switch with rules, and a way out behind it; or none, where the switch only serves the
// guest itself.
import type { NetworkRules, NetworkSwitch } from '@casemate/engine/network'
import type { NetworkView } from '../../local-api.ts'
import { type NetworkUse, networkUse } from '../network-use.ts'
import { observedNetwork } from '../observed-network.ts'
import type { GuestNetwork, PlannedNetwork } from './guest-network.ts'
import type { RecentRefusals } from './recent-refusals.ts'

const NOTHING: NetworkRules = { allow: [] }

/** What a switch has to hold; of another kind of network, nothing. */
export function rulesOf(network: PlannedNetwork): NetworkRules {
  if (network.mode === 'none' || network.mode === 'isolated') return NOTHING
  const { mode: _, ...rules } = network
  return { ...NOTHING, ...rules }
}

export class SwitchedNetwork implements GuestNetwork {
  readonly #switch: NetworkSwitch
  readonly #recent: RecentRefusals
  readonly #mac: string
  #mode: 'listed' | 'host-only' | 'none'
  #waiting = false

  constructor(network: NetworkSwitch, recent: RecentRefusals, mac: string, mode: 'listed' | 'host-only' | 'none') {
    this.#switch = network
    this.#recent = recent
    this.#mac = mac
    this.#mode = mode
  }

  apply(network: PlannedNetwork, kbitPerSecond: number | null): void {
    this.#switch.setRules(rulesOf(network))
    this.#switch.setRate(kbitPerSecond)
    const { isolated } = this.#switch
    if (!isolated && (network.mode === 'listed' || network.mode === 'host-only')) this.#mode = network.mode
    this.#waiting = network.mode === 'isolated' || (isolated && network.mode !== 'none')
  }

  observed(): PlannedNetwork {
    const { allow, allowDomains = [], allowHost = [] } = this.#switch.rules
    // A switch that lets nothing through is what a plan calls no network.
    if (this.#mode === 'none' || this.#switch.isolated || allow.length + allowDomains.length + allowHost.length === 0) return { mode: 'none' }
    return observedNetwork(this.#switch.rules, this.#mode)
  }

  use(): NetworkUse {
    return networkUse(this.#switch.counters())
  }

  view(): NetworkView {
    const { toGuest, toUplink, flows, opened, refused } = this.#switch.counters()
    return {
      ...{ mode: this.observed().mode, lan: null, mac: this.#mac, address: this.#switch.address, neighbours: [] },
      ...{ uplink: this.#recent.uplink, waiting: this.#waiting, flows, opened, toGuest, fromGuest: toUplink, lost: 0 },
      ...{ refused: countsOf(refused), latest: this.#recent.latest },
    }
  }

  close(): Promise<void> {
    return this.#switch.close()
  }
}

/** @param refused packets by reason */
export function countsOf(refused: Readonly<Record<string, number | undefined>>): NetworkView['refused'] {
  return Object.entries(refused).flatMap(([reason, packets]) => (packets === undefined ? [] : [{ reason, packets }]))
}
