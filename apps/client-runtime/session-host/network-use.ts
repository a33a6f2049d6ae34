// SPDX-License-Identifier: Apache-2.0
import type { NetworkCounters } from '@casemate/engine/network'
import type { SessionStats } from '../local-api.ts'

export type NetworkUse = NonNullable<SessionStats['network']>

/** In bytes that were let through, and in packets that were not. */
export function networkUse({ toGuest, toUplink, refused }: Pick<NetworkCounters, 'toGuest' | 'toUplink' | 'refused'>): NetworkUse {
  return {
    toGuest: toGuest.bytes,
    fromGuest: toUplink.bytes,
    refused: Object.values(refused).reduce((sum, packets) => sum + packets, 0),
  }
}
