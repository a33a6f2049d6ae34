// SPDX-License-Identifier: Apache-2.0
import type { LaunchPlan } from '@casemate/policy/launch-plan'
import type { NetworkView } from '../../local-api.ts'
import type { NetworkUse } from '../network-use.ts'

export type PlannedNetwork = LaunchPlan['network']

/** What the card of a VM is on. It was made for one kind of network, which a running VM keeps: of another kind it gives nothing. */
export interface GuestNetwork {
  /** In force once this returns. @throws EngineError `network-rule-invalid`; then what was in force stays */
  apply(network: PlannedNetwork, kbitPerSecond: number | null): void
  /** Read off what enforces it. */
  observed(): PlannedNetwork
  use(): NetworkUse
  view(): NetworkView
  /** Resolves when its sockets and processes are gone. */
  close(): Promise<void>
}
