// SPDX-License-Identifier: Apache-2.0
//
// May this desktop run on this device now, and exactly how? Pure: the same arguments give the same answer. The checks stand in one order,
// and the first that fails is the answer; what is stolen or revoked is said before what is merely late, and nobody is asked for a
// password to a desktop that would not start. Whatever goes wrong in here is a refusal.
//
//    1 clock-behind            8 desktop-not-assigned     15 instance-moved
//    2 lease-missing           9 release-older            16 activation-needed
//    3 lease-foreign          10 release-mismatch         17 policy-too-large
//    4 lease-older            11 package-altered          18 host-refuses
//    5 lease-suspended        12 policy-missing           19 posture-failed
//    6 lease-not-yet-valid,   13 runtime-too-old          20 instance-expired
//      lease-expired          14 package-not-yet-valid,   21 offline-too-long
//    7 repository-behind         package-expired          22 offline-runtime-used-up, offline-boots-used-up
//                                                         23 authentication-impossible, -locked, -unset, -missing,
//                                                            -again, -wrong
//                                                         24 engine-missing
//                                                         25 capability-missing
import { PolicyError } from '../error.ts'
import { versionNumber } from '../model/names.ts'
import { countRules } from '../model/network-setting.ts'
import type { LayerReference, Release } from '../model/release.ts'
import { lowerLimit } from '../model/setting.ts'
import type { SettingValues } from '../model/settings.ts'
import { mostUsbTables } from '../model/usb-rules.ts'
import { clockTolerance, isBehind } from '../trust/clock.ts'
import { type Assignment, isOfDesktop, type Lease } from '../trust/lease.ts'
import type { Circumstances } from './condition-holds.ts'
import { type Deadlines, deadlinesOf } from './deadlines.ts'
import type { Facts, Request } from './facts.ts'
import { refusedBy } from './host-wide.ts'
import type { LaunchPlan } from './launch-plan.ts'
import { isExtendable, type Loosening, loosen } from './loosen.ts'
import { allSettings, layerApplies, type PolicyLayers, type SettingLookup, settingLookup } from './merge.ts'
import { leftInQuarantine } from './plan/quarantine.ts'
import { planLaunch } from './plan.ts'
import { postureFaults } from './posture.ts'
import { isScreenLocked } from './re-authentication.ts'
import { type Reason, reason } from './reasons.ts'
import { zoneOf } from './zone.ts'

/** As many as a launch plan holds. */
const mostNetworkRules = 1000

/** A release as approved: verified bytes, parsed, with what its package's verified manifest asks for. */
export interface ApprovedRelease {
  readonly path: string
  readonly sha256: string
  readonly document: Release
  readonly machine: {
    readonly memoryMiB: number
    /** Of the hardware, in the engine's words; absent: what every engine has. */
    readonly needs?: readonly string[]
  }
  /** PK-8, Unix seconds: from `notBefore` on and before `notAfter`; null: no such limit. */
  readonly validity: { readonly notBefore: number | null; readonly notAfter: number | null }
}

export type Decision = { readonly allowed: true; readonly plan: LaunchPlan } | { readonly allowed: false; readonly reasons: readonly Reason[] }

/**
 * @param layers of `release`, from `layPolicies`.
 * @param lease verified; null when there is none.
 * @param now Unix seconds on the verified clock.
 * @param overrides verified; they loosen within the bounds of the policies in force, and nothing of the lease's own end.
 */
export function decide(
  release: ApprovedRelease,
  layers: PolicyLayers,
  lease: Lease | null,
  facts: Facts,
  request: Request,
  now: number,
  overrides: readonly Loosening[] = [],
): Decision {
  try {
    return decideOrThrow(release, layers, lease, facts, request, now, overrides)
  } catch (error) {
    if (error instanceof PolicyError && error.code === 'network-rules-too-many') return refused(reason('policy-too-large'))
    // Denied, whatever it was; the words name no cause, since none was foreseen.
    return refused(reason('decision-failed'))
  }
}

function decideOrThrow(
  release: ApprovedRelease,
  layers: PolicyLayers,
  lease: Lease | null,
  facts: Facts,
  request: Request,
  now: number,
  overrides: readonly Loosening[],
): Decision {
  if (isBehind(facts.clock.system, facts.clock.floor)) return refused(reason('clock-behind', facts.clock))
  if (lease === null) return refused(reason('lease-missing'))
  const assigned = lease.assign.find((assignment) => isOfDesktop(assignment, release.document.desktop))
  const refusal =
    leaseRefusal(lease, facts, now) ??
    releaseRefusal(release, assigned, facts) ??
    documentRefusal(release.document, layers, lease, facts) ??
    validityRefusal(release, now) ??
    moveRefusal(layers, lease, facts, request, now) ??
    activationRefusal(assigned, request)
  if (refusal !== undefined) return refused(refusal)
  const { values, extensions, ids } = loosen(
    allSettings(settingOf(layers, lease, facts, now), layers.ruled),
    lease,
    release.document.desktop,
    overrides,
    now,
  )
  if (isTooLarge(values)) return refused(reason('policy-too-large'))
  const refuser = hostRefusal(release.document.desktop, values, lease, facts)
  if (refuser !== undefined) return refused(refuser)
  const faults = postureFaults(values.posture, facts.posture)
  if (faults.length > 0 && values.posture.otherwise === 'refuse') return refused(reason('posture-failed', { faults }))
  const begun = { activatedAt: request.instance.activatedAt ?? 0, packageEnd: release.validity.notAfter }
  const deadlines = deadlinesOf(values, lease, facts, begun, now, extensions)
  const late = timeRefusal(deadlines, values, lease, facts, request, now) ?? authenticationRefusal(values, facts, request, now)
  return late === undefined
    ? planLaunch({ release, values, deadlines, postureFaults: faults, facts, request, now, overrides: ids, demanding: layers.demanding })
    : refused(late)
}

/** Whether the rules together are more than a launch plan holds, in a quarantine too. @throws PolicyError `network-rules-too-many` */
export function isTooLarge(values: Pick<SettingValues, 'network' | 'posture' | 'quarantine' | 'usb'>): boolean {
  const { network, usb } = values
  return countRules(network) > mostNetworkRules || countRules(leftInQuarantine(values)) > mostNetworkRules || usb.tables.length > mostUsbTables
}

/** The settings of this device now; also where `decide` refuses. */
export function settingOf(layers: PolicyLayers, lease: Pick<Lease, 'sub' | 'claims'>, facts: PlaceFacts, now: number): SettingLookup {
  return settingLookup(layers, lease, circumstancesOf(layers, lease, facts, now))
}

type PlaceFacts = Pick<Facts, 'runtimeVersion' | 'network' | 'hostNetwork'>

/** What conditions are judged by, with the zone that the policies make of the host's network. */
export function circumstancesOf(
  layers: PolicyLayers,
  lease: Pick<Lease, 'sub' | 'claims'>,
  { runtimeVersion, network, hostNetwork }: PlaceFacts,
  now: number,
): Circumstances {
  const circumstances = { claims: lease.claims, runtimeVersion, network, now }
  if (network !== null || layers.rules.zones.length === 0) return circumstances
  // Rules for zones do not depend on the zone: parsing refuses them.
  return { ...circumstances, network: zoneOf(settingLookup(layers, lease, circumstances)('zones'), hostNetwork) }
}

function refused(...reasons: readonly Reason[]): Decision {
  return { allowed: false, reasons }
}

function leaseRefusal(lease: Lease, { device, floors, repository }: Facts, now: number): Reason | undefined {
  if (lease.sub !== device.id || lease.cnf.jkt !== device.jkt) return reason('lease-foreign')
  if (lease.seq < floors.seq) return reason('lease-older', { found: lease.seq, floor: floors.seq })
  if (lease.suspension !== null) return reason('lease-suspended', lease.suspension)
  if (now < lease.iat - clockTolerance) return reason('lease-not-yet-valid', { from: lease.iat })
  if (now >= lease.exp) return reason('lease-expired', { at: lease.exp })
  const role = roleBehind(repository, lease.tuf)
  return role === undefined ? undefined : reason('repository-behind', { role })
}

function roleBehind(found: Facts['repository'], least: Lease['tuf']): keyof Lease['tuf'] | undefined {
  if (found.root < least.root) return 'root'
  if (found.snapshot < least.snapshot) return 'snapshot'
  return found.timestamp < least.timestamp ? 'timestamp' : undefined
}

function releaseRefusal({ document, path, sha256 }: ApprovedRelease, assigned: Assignment | undefined, facts: Facts): Reason | undefined {
  if (assigned === undefined) return reason('desktop-not-assigned', { desktop: document.desktop })
  const floor = Math.max(facts.floors.serials[document.desktop] ?? 0, assigned.serial)
  if (document.serial < floor) return reason('release-older', { found: document.serial, floor })
  if (assigned.serial !== document.serial || assigned.sha256 !== sha256 || assigned.path !== path) return reason('release-mismatch')
  return facts.package === 'altered' ? reason('package-altered') : undefined
}

function documentRefusal(release: Release, layers: PolicyLayers, lease: Lease, { runtimeVersion }: Facts): Reason | undefined {
  // Layers of another release are as good as none.
  if (!areLayersOf(release, layers)) {
    const missing = release.layers.find((wanted) => layerApplies(wanted, lease))
    return reason('policy-missing', { path: missing?.path ?? 'policies' })
  }
  const found = versionNumber(runtimeVersion)
  let least = found < versionNumber(release.minRuntime) ? release.minRuntime : undefined
  for (const { reference, policy, least: leastOfPolicy } of layers.documents) {
    // Of most documents nothing is asked that the device lacks, so nobody needs to know whether they are its own.
    if ((policy !== null && found >= leastOfPolicy) || !layerApplies(reference, lease)) continue
    if (policy === null) return reason('policy-missing', { path: reference.path })
    least ??= policy.minRuntime
  }
  return least === undefined ? undefined : reason('runtime-too-old', { found: runtimeVersion, least })
}

function areLayersOf({ layers: wanted }: Release, { of, documents }: PolicyLayers): boolean {
  if (wanted === of) return true
  return wanted.length === documents.length && documents.every(({ reference }, index) => isSame(wanted[index], reference))
}

function validityRefusal({ validity: { notBefore, notAfter } }: ApprovedRelease, now: number): Reason | undefined {
  if (notBefore !== null && now < notBefore) return reason('package-not-yet-valid', { from: notBefore })
  return notAfter !== null && now >= notAfter ? reason('package-expired', { at: notAfter }) : undefined
}

function isSame(wanted: LayerReference | undefined, found: LayerReference): boolean {
  return wanted === found || JSON.stringify(wanted) === JSON.stringify(found)
}

function moveRefusal(layers: PolicyLayers, lease: Lease, facts: Facts, { instance }: Request, now: number): Reason | undefined {
  if (instance.boundTo === 'this-device') return undefined
  return reason('instance-moved', { consent: settingOf(layers, lease, facts, now)('moved-instances') === 'consent' })
}

function activationRefusal(assigned: Assignment | undefined, { instance }: Request): Reason | undefined {
  return instance.activatedAt === null || (assigned?.key ?? null) === null ? reason('activation-needed') : undefined
}

/** This desktop's own policy counts as that of one more desktop of its organisation. */
function hostRefusal(desktop: string, values: SettingValues, { iss }: Lease, { hostWide }: Facts): Reason | undefined {
  const own = { organisation: iss, values }
  const organisation = refusedBy(hostWide.length === 0 ? [own] : [own, ...hostWide], { organisation: iss, desktop })
  return organisation === undefined ? undefined : reason('host-refuses', { desktop, organisation })
}

function timeRefusal(
  deadlines: Deadlines,
  { offline, overrides, 'expiry-texts': texts }: SettingValues,
  lease: Lease,
  { sinceContact }: Facts,
  request: Request,
  now: number,
): Reason | undefined {
  const { policyEnd, expiryEnd, offlineEnd, runtimeEnd, contactAt } = deadlines
  if (policyEnd !== null && expiryEnd !== null && now >= expiryEnd) {
    return reason('instance-expired', { at: expiryEnd, extendable: isExtendable(policyEnd, overrides, now), text: texts.ended })
  }
  if (offlineEnd !== null && now >= offlineEnd) return reason('offline-too-long', { since: contactAt })
  const minutes = lowerLimit(lease.offline.maxRuntimeMinutes, offline.maxRuntimeMinutes)
  if (minutes !== null && runtimeEnd !== null && now >= runtimeEnd) return reason('offline-runtime-used-up', { minutes })
  const boots = lowerLimit(lease.offline.maxBoots, offline.maxBoots)
  // A VM that runs has had its start counted already.
  const used = request.kind === 'power-on' ? sinceContact.boots + 1 : sinceContact.boots
  return boots !== null && used > boots ? reason('offline-boots-used-up', { boots }) : undefined
}

/** At power-on, and again where the screen of a VM that runs is to be unlocked. */
function authenticationRefusal(values: SettingValues, facts: Facts, request: Request, now: number): Reason | undefined {
  const { kind, instance } = request
  const { mode } = values.authentication
  if (kind === 'continue' || mode === 'none') return undefined
  if (kind === 'show' && !isScreenLocked(values, facts, request, now)) return undefined
  if (mode === 'nobody') return reason('authentication-impossible')
  // Nobody is asked for what no engine of this host can check; its name is said instead.
  if (mode !== 'password' && !facts.engines.some(({ capabilities }) => capabilities.includes(`authentication:${mode}`))) return undefined
  if (instance.lockedUntil !== null && now < instance.lockedUntil) return reason('authentication-locked', { until: instance.lockedUntil })
  // What was shown another way than is asked for was not shown.
  switch (instance.authenticatedBy === mode ? instance.authentication : 'missing') {
    case 'passed':
      return undefined
    case 'unset':
      return reason('authentication-unset')
    case 'missing':
      return kind === 'show' ? reason('authentication-again') : reason('authentication-missing', { mode })
    case 'wrong':
      return reason('authentication-wrong')
  }
}
