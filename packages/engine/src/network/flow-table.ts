// SPDX-License-Identifier: Apache-2.0
//
// The flows that were allowed, by their addresses and ports: what is in here passes without another look at the rules, both ways.
import type { Address } from './address.ts'
import type { Destination } from './destination.ts'
import type { Packet } from './parse-packet.ts'
import type { TcpState } from './tcp-state.ts'

export const MAX_FLOWS = 8192
const SECOND = 1000
/** A TCP connection may be silent for two hours and a bit (RFC 5382 REQ-5), unless it never came about or is over. */
const IDLE_MS = { established: 7440 * SECOND, opening: 120 * SECOND, closed: 10 * SECOND, udp: 180 * SECOND, icmp: 60 * SECOND }

export interface Flow {
  readonly destination: Destination
  /** The guest's own end. */
  readonly guest: Address
  readonly guestPort: number
  /** By which it was open when it began: it outlives their time, not their rules. */
  readonly names: readonly string[]
  /** Null where it is not TCP. */
  readonly tcp: TcpState | null
  /** Milliseconds on the switch's clock. */
  lastSeen: number
}

export class FlowTable {
  readonly #flows = new Map<string, Flow>()

  get size(): number {
    return this.#flows.size
  }

  get(key: string): Flow | undefined {
    return this.#flows.get(key)
  }

  /** False when the table is full of flows that are alive. */
  add(key: string, flow: Flow): boolean {
    if (this.#flows.size >= MAX_FLOWS) this.expire(flow.lastSeen)
    if (this.#flows.size >= MAX_FLOWS) return false
    this.#flows.set(key, flow)
    return true
  }

  expire(now: number): void {
    for (const [key, flow] of this.#flows) if (now - flow.lastSeen > idleLimit(flow)) this.#flows.delete(key)
  }

  /** Takes out every flow that `keep` is false for, and returns them. */
  sweep(keep: (flow: Flow) => boolean): readonly Flow[] {
    const dropped: Flow[] = []
    for (const [key, flow] of this.#flows) {
      if (keep(flow)) continue
      this.#flows.delete(key)
      dropped.push(flow)
    }
    return dropped
  }
}

function idleLimit(flow: Flow): number {
  if (flow.tcp === null) return flow.destination.protocol === 'udp' ? IDLE_MS.udp : IDLE_MS.icmp
  return IDLE_MS[flow.tcp.phase]
}

/** The key of a packet that the guest sends. */
export function outwardKey(packet: Packet): string {
  const { frame, sourceAt, bodyAt, protocol } = packet
  // Addresses and ports lie next to each other; an echo's identifier lies behind its type, code and checksum.
  if (protocol === 'icmp') return `i${frame.toString('latin1', sourceAt, bodyAt)}${frame.toString('latin1', bodyAt + 4, bodyAt + 6)}`
  return `${protocol[0]}${frame.toString('latin1', sourceAt, bodyAt + 4)}`
}

/** The key of the flow that a packet from outside answers. */
export function inwardKey(packet: Packet): string {
  const { frame, sourceAt, destinationAt, addressBytes, bodyAt, protocol } = packet
  const destination = frame.toString('latin1', destinationAt, destinationAt + addressBytes)
  const source = frame.toString('latin1', sourceAt, sourceAt + addressBytes)
  if (protocol === 'icmp') return `i${destination}${source}${frame.toString('latin1', bodyAt + 4, bodyAt + 6)}`
  const ports = `${frame.toString('latin1', bodyAt + 2, bodyAt + 4)}${frame.toString('latin1', bodyAt, bodyAt + 2)}`
  return `${protocol[0]}${destination}${source}${ports}`
}
