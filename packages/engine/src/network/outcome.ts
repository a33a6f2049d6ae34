// SPDX-License-Identifier: Apache-2.0
import type { Question } from './name-server.ts'
import { destinationOf, type Packet } from './parse-packet.ts'
import type { Refusal, RefusalReason } from './refusal-log.ts'

/** What one frame leads to. */
export interface Outcome {
  readonly toGuest: Buffer | null
  readonly toUplink: Buffer | null
  readonly refusal: Refusal | null
  /** A name to look up; the gate wants to be told what was found. */
  readonly question?: Question
  /** Of TCP, for a port that the switch itself serves. */
  readonly segment?: Packet
}

export const NOTHING: Outcome = { toGuest: null, toUplink: null, refusal: null }

export function toUplink(frame: Buffer): Outcome {
  return { toGuest: null, toUplink: frame, refusal: null }
}

export function toGuest(frame: Buffer): Outcome {
  return { toGuest: frame, toUplink: null, refusal: null }
}

/** `answer`: what the guest is told, if anything. */
export function refuse(reason: RefusalReason, packet: Packet | null, answer: Buffer | null = null): Outcome {
  const refusal =
    packet === null
      ? { reason, protocol: 'other' as const, address: null, port: null }
      : { reason, protocol: packet.protocol, address: destinationOf(packet), port: packet.protocol === 'icmp' ? null : packet.destinationPort }
  return { toGuest: answer, toUplink: null, refusal }
}

/** A frame, nothing, or why not, as the answering functions of the link give it. */
export function answered(answer: Buffer | null | 'malformed' | 'spoofed', packet: Packet | null): Outcome {
  if (typeof answer === 'string') return refuse(answer, packet)
  return answer === null ? NOTHING : toGuest(answer)
}
