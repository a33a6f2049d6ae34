// SPDX-License-Identifier: Apache-2.0
//
// What a plan makes of the settings, read back off the plan: the way back of plan.ts.
import type { SettingCapability } from '../model/setting.ts'
import { catalogue, type SettingName, type SettingValues, settingNames } from '../model/settings.ts'
import type { LaunchPlan } from './launch-plan.ts'
import { accessSettingsOf } from './plan/access.ts'
import { deviceSettingsOf } from './plan/devices.ts'
import { machineSettingsOf } from './plan/machine.ts'

/** Without those that end as a moment or are over once the VM starts. */
export function appliedSettings(plan: LaunchPlan): Partial<SettingValues> {
  const { outdated } = plan.quarantine
  return {
    network: plan.network,
    ...(outdated === null ? {} : { quarantine: { whenOutdated: true, network: outdated } }),
    'serial-port': plan.serial,
    'clipboard-to-guest': { maxTextBytes: plan.clipboard.toGuest.maxBytes },
    'clipboard-from-guest': { maxTextBytes: plan.clipboard.fromGuest.maxBytes },
    exit: plan.exit,
    memory: { maxMiB: plan.memoryMiB },
    ...deviceSettingsOf(plan),
    ...machineSettingsOf(plan),
    ...accessSettingsOf(plan),
  }
}

/** What whoever executes the plan must be able to do. */
export function capabilitiesOf(plan: LaunchPlan): readonly SettingCapability[] {
  const applied = appliedSettings(plan)
  return settingNames.flatMap((name) => neededBy(name, applied))
}

function neededBy<N extends SettingName>(name: N, applied: Partial<SettingValues>): readonly SettingCapability[] {
  const value: SettingValues[N] | undefined = applied[name]
  return value === undefined ? [] : catalogue[name].capabilities(value)
}
