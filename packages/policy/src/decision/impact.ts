// SPDX-License-Identifier: Apache-2.0
//
// What publishing would change, for whom: the settings of each device under the release that it has and under the one that is proposed,
// and whether it would be refused. It knows of a device what the console knows: its claims, what it reported last, when it was activated.
import { PolicyError } from '../error.ts'
import { type Direction, differences, directionOf } from '../model/compare-values.ts'
import { compareRuntimeVersions } from '../model/names.ts'
import type { Release } from '../model/release.ts'
import { catalogue, type SettingName, type SettingValues, settingNames } from '../model/settings.ts'
import type { Lease } from '../trust/lease.ts'
import type { Circumstances } from './condition-holds.ts'
import { expiryEndOf } from './deadlines.ts'
import { isTooLarge } from './decide.ts'
import type { Facts } from './facts.ts'
import { isExtendable } from './loosen.ts'
import { allSettings, layerApplies, layPolicies, type PolicyLayers, settingLookup } from './merge.ts'
import { chooseEngine } from './plan.ts'
import { type Reason, reason } from './reasons.ts'

export interface ReleaseWithLayers {
  readonly release: Release
  readonly layers: PolicyLayers
  /** What the hardware of its package needs, as in `ApprovedRelease`; absent: what every engine has. */
  readonly needs?: readonly string[]
}

export interface KnownDevice {
  readonly sub: string
  readonly claims: Lease['claims']
  /** As reported last. */
  readonly runtimeVersion: string
  /** As reported last; null: it has not reported yet, and is not asked what its engines can. */
  readonly engines: Facts['engines'] | null
  /** When its oldest instance of the desktop was activated, Unix seconds; null: it has none. */
  readonly activatedAt: number | null
}

export interface SettingChange {
  readonly setting: SettingName
  readonly before: string
  readonly after: string
  readonly direction: Direction
  /** Each place of the value that differs, since words may leave out a part of it. */
  readonly details: readonly string[]
}

export interface DeviceImpact {
  readonly device: string
  readonly changes: readonly SettingChange[]
  readonly package: 'same' | 'updated' | 'first'
  /**
   * Why it would not start, as `decide` would say; of the checks of runtime, rules, expiry and engine alone. Empty: none of these
   * stands in its way. What other desktops ask of the same host (`host-refuses`), of other organisations too, only the device knows.
   */
  readonly refused: { readonly before: readonly Reason[]; readonly after: readonly Reason[] }
}

/**
 * The devices for which something would change, and all that would be refused, in the order given.
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
    const circumstances = circumstancesOf(device, now)
    const old = settingsOf(before?.layers ?? noLayers, device, circumstances)
    const next = settingsOf(after.layers, device, circumstances)
    const changes = old !== null && next !== null ? changesOf(old, next) : []
    const refused = {
      before: before === null ? [] : refusalOf(before, device, old, now),
      after: refusalOf(after, device, next, now),
    }
    const hit = changes.length > 0 || packageChange !== 'same' || refused.before.length + refused.after.length > 0
    return hit ? [{ device: device.sub, changes, package: packageChange, refused }] : []
  })
}

const noLayers = layPolicies({ layers: [] }, [])

/** Why the release would not start on the device now, as far as is known. @param now as of {@link impactOf} */
export function foreseeRefusal(release: ReleaseWithLayers, device: KnownDevice, now: number): readonly Reason[] {
  return refusalOf(release, device, settingsOf(release.layers, device, circumstancesOf(device, now)), now)
}

function circumstancesOf({ claims, runtimeVersion }: KnownDevice, now: number): Circumstances {
  return { claims, runtimeVersion, network: null, now }
}

/** Null: too much to work out, which is a refusal. */
function settingsOf(layers: PolicyLayers, device: KnownDevice, circumstances: Circumstances): SettingValues | null {
  try {
    return allSettings(settingLookup(layers, device, circumstances), layers.ruled)
  } catch (error) {
    if (error instanceof PolicyError && error.code === 'network-rules-too-many') return null
    throw error
  }
}

/** In the order of the checks of `decide`. */
function refusalOf(release: ReleaseWithLayers, device: KnownDevice, values: SettingValues | null, now: number): readonly Reason[] {
  const { runtimeVersion, engines, activatedAt } = device
  const least = leastRuntime(release, device)
  if (least !== null) return [reason('runtime-too-old', { found: runtimeVersion, least })]
  if (values === null || isTooMuch(values)) return [reason('policy-too-large')]
  const end = activatedAt === null ? null : expiryEndOf(values.expiry, activatedAt)
  if (end !== null && now >= end)
    return [reason('instance-expired', { at: end, extendable: isExtendable(end, values.overrides, now), text: values['expiry-texts'].ended })]
  const chosen = engines === null ? null : chooseEngine(values, { engines }, { engine: 'auto' }, release.layers.demanding, release.needs)
  return chosen !== null && 'reasons' in chosen ? chosen.reasons : []
}

function isTooMuch(values: SettingValues): boolean {
  try {
    return isTooLarge(values)
  } catch (error) {
    if (error instanceof PolicyError && error.code === 'network-rules-too-many') return true
    throw error
  }
}

function changesOf(old: SettingValues, next: SettingValues): readonly SettingChange[] {
  const changes: SettingChange[] = []
  for (const name of settingNames) {
    // Most are the same default, for every device.
    const change = old[name] === next[name] ? undefined : changeOf(name, old, next)
    if (change !== undefined) changes.push(change)
  }
  return changes
}

function changeOf<N extends SettingName>(name: N, old: SettingValues, next: SettingValues): SettingChange | undefined {
  const { words } = catalogue[name]
  const [before, after] = [old[name], next[name]]
  const direction = directionOf(name, before, after)
  return direction === 'same'
    ? undefined
    : { setting: name, before: words(before), after: words(after), direction, details: differences(before, after) }
}

function leastRuntime({ release, layers }: ReleaseWithLayers, device: KnownDevice): string | null {
  const needed = layers.documents.flatMap(({ reference, policy }) => (policy !== null && layerApplies(reference, device) ? policy.minRuntime : []))
  const above = [release.minRuntime, ...needed].filter((version) => compareRuntimeVersions(device.runtimeVersion, version) < 0)
  return above.sort(compareRuntimeVersions).at(-1) ?? null
}
