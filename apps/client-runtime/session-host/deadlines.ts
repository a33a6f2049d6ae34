// SPDX-License-Identifier: Apache-2.0
import type { LaunchPlan } from '@casemate/policy/launch-plan'

export type Phase = 'open' | 'warned' | 'restricted' | 'over'

/**
 * Which of the plan's deadlines have passed at `now` (Unix seconds on the runtime's verified clock). A deadline counts from
 * its very second on; the latest passed step wins.
 */
export function phaseAt(deadlines: LaunchPlan['deadlines'], now: number): Phase {
  const passed = (at: number | null) => at !== null && now >= at
  if (passed(deadlines.suspendAt)) return 'over'
  if (passed(deadlines.restrictAt)) return 'restricted'
  return passed(deadlines.warnAt) ? 'warned' : 'open'
}
