// SPDX-License-Identifier: Apache-2.0
//
// What a plan makes of the settings, read back off the plan: the way back of plan.ts.
import type { SettingValues } from '../model/settings.ts'
import type { LaunchPlan } from './launch-plan.ts'

/** Without those that end as a moment or are over once the VM starts. */
export function appliedSettings(plan: LaunchPlan): Partial<SettingValues> {
  return {
    network: plan.network,
    'serial-port': plan.serial,
    'clipboard-to-guest': { maxTextBytes: plan.clipboard.toGuest.maxBytes },
    'clipboard-from-guest': { maxTextBytes: plan.clipboard.fromGuest.maxBytes },
    exit: plan.exit,
    memory: { maxMiB: plan.memoryMiB },
  }
}
