// SPDX-License-Identifier: Apache-2.0
import type { Address } from './address.ts'

export type Protocol = 'tcp' | 'udp' | 'icmp'

/** Where a flow wants to go; `port` is 0 for icmp. */
export interface Destination {
  readonly protocol: Protocol
  readonly address: Address
  readonly port: number
}
