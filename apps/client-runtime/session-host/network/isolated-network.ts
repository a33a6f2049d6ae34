// SPDX-License-Identifier: Apache-2.0
//
// A network of this computer alone, shared with the other sessions of this daemon whose plans name it; it needs no way out.
import type { IsolatedLan } from '@casemate/engine/isolated-lan'
import type { NetworkView } from '../../local-api.ts'
import type { NetworkUse } from '../network-use.ts'
import type { GuestNetwork, PlannedNetwork } from './guest-network.ts'
import type { RecentRefusals } from './recent-refusals.ts'
import { countsOf } from './switched-network.ts'

export class IsolatedNetwork implements GuestNetwork {
  readonly #joined: IsolatedLan
  readonly #recent: RecentRefusals
  readonly #mac: string
  readonly #lan: string
  #waiting = false

  constructor(joined: IsolatedLan, recent: RecentRefusals, mac: string, lan: string) {
    this.#joined = joined
    this.#recent = recent
    this.#mac = mac
    this.#lan = lan
  }

  apply(network: PlannedNetwork, kbitPerSecond: number | null): void {
    const same = network.mode === 'isolated' && network.lan === this.#lan
    this.#joined.setOpen(same)
    this.#joined.setRate(kbitPerSecond)
    this.#waiting = network.mode !== 'none' && !same
  }

  observed(): PlannedNetwork {
    return this.#joined.open ? { mode: 'isolated', lan: this.#lan } : { mode: 'none' }
  }

  use(): NetworkUse {
    const { toGuest, fromGuest, refused } = this.#joined.counters()
    const packets = countsOf(refused).reduce((sum, one) => sum + one.packets, 0)
    return { toGuest: toGuest.bytes, fromGuest: fromGuest.bytes, refused: packets }
  }

  view(): NetworkView {
    const { toGuest, fromGuest, lost, refused } = this.#joined.counters()
    const { mode } = this.observed()
    return {
      ...{ mode, lan: this.#lan, mac: this.#mac, address: this.#joined.address, neighbours: [...this.#joined.neighbours] },
      ...{ uplink: null, waiting: this.#waiting, flows: 0, opened: 0, toGuest, fromGuest, lost },
      ...{ refused: countsOf(refused), latest: this.#recent.latest },
    }
  }

  close(): Promise<void> {
    return this.#joined.close()
  }
}
