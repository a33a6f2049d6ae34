// SPDX-License-Identifier: Apache-2.0
import type { LaunchPlan } from '@casemate/policy/launch-plan'

/** What the runtime itself knows; nobody sets them. */
const names = ['desktop', 'device', 'instance', 'release', 'user'] as const

export function isFixed(name: string): boolean {
  return names.some((fixed) => fixed === name)
}

/** @param names of the device and of whom its lease is for; none: no value */
export function fixedValues(
  plan: Pick<LaunchPlan, 'desktop' | 'instance' | 'package'>,
  { device, user }: { readonly device: string; readonly user: string | null },
): ReadonlyMap<string, string> {
  const values = { desktop: plan.desktop, device, instance: plan.instance, release: plan.package.version, user }
  return new Map(names.flatMap((name) => (values[name] === null ? [] : [[name, values[name]]])))
}
