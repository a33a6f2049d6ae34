// SPDX-License-Identifier: Apache-2.0
import type { NetworkEvent } from '@casemate/engine/network'
import type { NetworkView } from '../../local-api.ts'
import type { EventLog } from '../event-log.ts'

const MOST = 50

/** Tells the session of what happened on its network, and keeps the refusals that came last, for whoever asks why something does not work. */
export class RecentRefusals {
  readonly #events: Pick<EventLog, 'add'>
  readonly #now: () => number
  #kept: { readonly at: number; readonly flow: Extract<NetworkEvent, { type: 'refused' }>['flow'] }[] = []
  #uplink: NetworkView['uplink'] = null

  /** @param now milliseconds, never backwards */
  constructor(events: Pick<EventLog, 'add'>, now: () => number) {
    this.#events = events
    this.#now = now
  }

  record(event: NetworkEvent): void {
    switch (event.type) {
      case 'refused':
        this.#kept = [...this.#kept, { at: this.#now(), flow: event.flow }].slice(-MOST)
        this.#events.add('network-refused', { ...event.flow })
        break
      case 'uplink':
        this.#uplink = event.state
        this.#events.add('network-uplink', { state: event.state, detail: event.message })
        break
      case 'neighbour':
        this.#events.add('network-neighbour', { mac: event.mac, detail: event.message })
        break
      case 'guest':
        if (event.error !== null) this.#events.add('network-broken', { detail: event.error.message })
    }
  }

  /** Null before the uplink has said anything. */
  get uplink(): NetworkView['uplink'] {
    return this.#uplink
  }

  /** The newest first. */
  get latest(): NetworkView['latest'] {
    return this.#kept.toReversed().map(({ at, flow }) => ({ ...flow, secondsAgo: Math.max(0, Math.floor((this.#now() - at) / 1000)) }))
  }
}
