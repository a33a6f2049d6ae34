// SPDX-License-Identifier: Apache-2.0
import type { LaunchPlan } from '@casemate/policy/launch-plan'

/** PO-10: why a desktop's network is smaller than its policies otherwise give it, for its user; empty: it is not. */
export function quarantineWords({ quarantine }: Pick<LaunchPlan, 'quarantine'>): string[] {
  return [
    ...quarantine.posture.map((fault) => `of this computer ${fault}`),
    ...(quarantine.inForce === 'outdated' ? ['a newer release of this desktop is there; start the desktop again to use it'] : []),
  ]
}
