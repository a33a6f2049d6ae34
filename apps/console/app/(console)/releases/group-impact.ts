// SPDX-License-Identifier: Apache-2.0
import type { DeviceImpact } from '@casemate/policy/impact'

export interface ImpactGroup extends Omit<DeviceImpact, 'device'> {
  /** Of the devices to which all of this happens. */
  readonly names: readonly string[]
}

export interface GivenImpact {
  readonly devices: readonly { readonly device: string; readonly name: string }[]
  readonly impact: readonly DeviceImpact[]
}

/** Devices to which the same happens, together. */
export function groupImpact({ devices, impact }: GivenImpact): readonly ImpactGroup[] {
  const nameOf = (device: string) => devices.find((one) => one.device === device)?.name ?? device
  const groups = Map.groupBy(impact, ({ device: _, ...what }) => JSON.stringify(what))
  return [...groups.values()].flatMap((of) => {
    const [first] = of
    if (first === undefined) return []
    const { device: _, ...what } = first
    return [{ ...what, names: of.map(({ device }) => nameOf(device)) }]
  })
}

/** How many devices notice nothing. */
export function untouchedOf({ devices, impact }: GivenImpact): number {
  return devices.length - impact.length
}
