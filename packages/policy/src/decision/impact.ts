// SPDX-License-Identifier: Apache-2.0
//
// What publishing would change, for whom: the settings of each device under the release that it has and under the one that is proposed.
// It knows of a device what the console knows: its claims and what it reported last.
import { compareRuntimeVersions } from '../model/names.ts'
import type { Release } from '../model/release.ts'
import { catalogue, type SettingName, type SettingValues, settingNames } from '../model/settings.ts'
import type { Lease } from '../trust/lease.ts'
import { allSettings, layerApplies, layPolicies, type PolicyLayers, settingLookup } from './merge.ts'

export interface ReleaseWithLayers {
  readonly release: Release
  readonly layers: PolicyLayers
}

export interface KnownDevice {
  readonly sub: string
  readonly claims: Lease['claims']
  /** As reported last. */
  readonly runtimeVersion: string
}

export interface SettingChange {
  readonly setting: SettingName
  readonly before: string
  readonly after: string
  /** `other`: allows something that was not allowed, and forbids something that was. */
  readonly direction: 'tightened' | 'loosened' | 'other'
}

export interface DeviceImpact {
  readonly device: string
  readonly changes: readonly SettingChange[]
  readonly package: 'same' | 'updated' | 'first'
  /** Null: runs it. The version that its runtime must have. */
  readonly runtimeTooOld: string | null
}

/**
 * The devices for which something would change, in the order given.
 * @param before null for a desktop that they do not have yet: changes are then against the defaults.
 * @param now Unix seconds; the rules' times are judged at this moment, networks count as unknown.
 */
export function impactOf(
  before: ReleaseWithLayers | null,
  after: ReleaseWithLayers,
  devices: readonly KnownDevice[],
  now: number,
): readonly DeviceImpact[] {
  const packageChange = before === null ? 'first' : before.release.package.sha256 === after.release.package.sha256 ? 'same' : 'updated'
  return devices.flatMap((device) => {
    const circumstances = { claims: device.claims, runtimeVersion: device.runtimeVersion, network: null, now }
    const [old, next] = [before?.layers ?? noLayers, after.layers].map((layers) =>
      allSettings(settingLookup(layers, device, circumstances), layers.ruled),
    )
    const changes = old === undefined || next === undefined ? [] : settingNames.flatMap((name) => changeOf(name, old, next) ?? [])
    const runtimeTooOld = leastRuntime(after, device)
    const hit = changes.length > 0 || packageChange !== 'same' || runtimeTooOld !== null
    return hit ? [{ device: device.sub, changes, package: packageChange, runtimeTooOld }] : []
  })
}

const noLayers = layPolicies({ layers: [] }, [])

function changeOf<N extends SettingName>(name: N, old: SettingValues, next: SettingValues): SettingChange | undefined {
  const { meet, words } = catalogue[name]
  const [before, after] = [old[name], next[name]]
  if (JSON.stringify(before) === JSON.stringify(after)) return undefined
  const met = JSON.stringify(meet(before, after))
  const direction = met === JSON.stringify(after) ? 'tightened' : met === JSON.stringify(before) ? 'loosened' : 'other'
  return { setting: name, before: words(before), after: words(after), direction }
}

function leastRuntime({ release, layers }: ReleaseWithLayers, device: KnownDevice): string | null {
  const needed = layers.documents.flatMap(({ reference, policy }) => (policy !== null && layerApplies(reference, device) ? policy.minRuntime : []))
  const above = [release.minRuntime, ...needed].filter((version) => compareRuntimeVersions(device.runtimeVersion, version) < 0)
  return above.sort(compareRuntimeVersions).at(-1) ?? null
}
