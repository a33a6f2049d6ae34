// SPDX-License-Identifier: Apache-2.0
//
// Tells of what was refused without drowning whoever listens: the first of a kind at once, its repetitions as a count when the window
// ends, and of more than a few kinds in one window only the number.
import { type Address, formatAddress } from './address.ts'
import type { Protocol } from './destination.ts'
import type { Verdict } from './judge.ts'
import type { ParseRefusal } from './parse-packet.ts'

export type RefusalReason =
  | ParseRefusal
  | Exclude<Verdict, 'allowed'>
  | 'spoofed'
  | 'switch-address'
  /** A name that no rule lists. */
  | 'dns'
  /** A listed name that has no address but the host's, or none within what its rule leaves. */
  | 'withheld-address'
  | 'too-many-names'
  | 'too-many-flows'
  /** Came from the uplink and answers nothing that the guest asked. */
  | 'unasked'
  | 'no-uplink'

/** Where the guest wanted to go, as far as that was read. */
export interface Refusal {
  readonly reason: RefusalReason
  readonly protocol: Protocol | 'other'
  readonly address: Address | null
  readonly port: number | null
  /** What was asked for, by the end of its name. */
  readonly domain?: string | null
}

export interface RefusedFlow {
  readonly reason: RefusalReason
  readonly protocol: Protocol | 'other'
  readonly address: string | null
  readonly port: number | null
  readonly domain: string | null
  /** How many packets this stands for. */
  readonly count: number
}

const MAX_KINDS = 32

export class RefusalLog {
  readonly #tell: (flow: RefusedFlow) => void
  readonly #kinds = new Map<string, { readonly flow: RefusedFlow; repeated: number }>()
  readonly #counts = new Map<RefusalReason, number>()
  #untold = 0

  constructor(tell: (flow: RefusedFlow) => void) {
    this.#tell = tell
  }

  add({ reason, protocol, address, port, domain = null }: Refusal): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1)
    const where = address === null ? null : formatAddress(address)
    const key = `${reason} ${protocol} ${where} ${port} ${domain}`
    const known = this.#kinds.get(key)
    if (known !== undefined) known.repeated++
    else if (this.#kinds.size >= MAX_KINDS) this.#untold++
    else {
      const flow = { reason, protocol, address: where, port, domain, count: 1 }
      this.#kinds.set(key, { flow, repeated: 0 })
      this.#tell(flow)
    }
  }

  /** Ends the window. */
  flush(): void {
    for (const { flow, repeated } of this.#kinds.values()) if (repeated > 0) this.#tell({ ...flow, count: repeated })
    this.#kinds.clear()
  }

  /** Packets refused so far, by reason. */
  get counts(): ReadonlyMap<RefusalReason, number> {
    return new Map(this.#counts)
  }

  /** Packets that were refused without an event of their own. */
  get untold(): number {
    return this.#untold
  }
}
