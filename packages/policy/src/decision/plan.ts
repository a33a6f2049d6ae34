// SPDX-License-Identifier: Apache-2.0
//
// From settings to instructions. What no engine of this host can enforce is refused here, never left out.
import { packageOf } from '../model/release.ts'
import { lowerLimit, type SettingCapability } from '../model/setting.ts'
import { catalogue, demandingSettings, type SettingName, type SettingValues } from '../model/settings.ts'
import { noUsb } from '../model/usb-rules.ts'
import type { Deadlines } from './deadlines.ts'
import type { ApprovedRelease, Decision } from './decide.ts'
import type { Facts, Request } from './facts.ts'
import type { LaunchPlan } from './launch-plan.ts'
import { planAccess } from './plan/access.ts'
import { planDevices } from './plan/devices.ts'
import { planMachine } from './plan/machine.ts'
import { quarantined } from './plan/quarantine.ts'
import { isScreenLocked } from './re-authentication.ts'
import { type Reason, reason } from './reasons.ts'

export interface Allowed {
  readonly release: ApprovedRelease
  readonly values: SettingValues
  readonly deadlines: Deadlines
  /** What of the posture does not hold where the policies quarantine for it; a refusal otherwise, which comes before. */
  readonly postureFaults: readonly string[]
  readonly facts: Facts
  readonly request: Request
  readonly now: number
  /** Ids of what is counted in. */
  readonly overrides: readonly string[]
  /** The settings that the policies may have made need something. */
  readonly demanding: readonly SettingName[]
}

export function planLaunch({ release, values: wanted, deadlines, postureFaults, facts, request, now, overrides, demanding }: Allowed): Decision {
  // Past the second step of being offline the guest has neither network nor USB, whatever the policy lists.
  const restricted = deadlines.restrictAt !== null && now >= deadlines.restrictAt
  const { values, plan: quarantine } = quarantined(restricted ? { ...wanted, network: { mode: 'none' }, usb: noUsb } : wanted, postureFaults)
  const needs = release.machine.needs ?? []
  const engine = chooseEngine(values, facts, request, overrides.length === 0 ? demanding : demandingSettings, needs)
  if ('reasons' in engine) return { allowed: false, reasons: engine.reasons }
  // Named one by one: to spread them into the plan is slow.
  const { drives, parallel, sound, printer, usb } = planDevices(values)
  const { sharing, screen, powerCommands, snapshots, diskChanges, limits, scripts, guestInfo } = planMachine(values)
  const { screenLock, messages } = planAccess(values, deadlines, request.kind !== 'show' && isScreenLocked(values, facts, request, now))
  return {
    allowed: true,
    plan: {
      format: 'casemate-launch-plan-2',
      session: request.session,
      instance: request.instance.name,
      desktop: release.document.desktop,
      package: packageOf(release.document),
      engine: engine.name,
      memoryMiB: lowerLimit(release.machine.memoryMiB, values.memory.maxMiB) ?? release.machine.memoryMiB,
      network: values.network,
      quarantine: quarantine.quarantine,
      clipboard: { toGuest: planClipboard(values['clipboard-to-guest']), fromGuest: planClipboard(values['clipboard-from-guest']) },
      serial: values['serial-port'],
      exit: values.exit,
      drives,
      parallel,
      sound,
      printer,
      usb,
      sharing,
      screen,
      powerCommands,
      snapshots,
      diskChanges,
      limits,
      scripts,
      guestInfo,
      screenLock,
      messages,
      deadlines: { warnAt: deadlines.warnAt, restrictAt: deadlines.restrictAt, suspendAt: deadlines.suspendAt },
      ...(overrides.length === 0 ? {} : { overrides: [...overrides] }),
      ...(release.document.update === undefined ? {} : { update: release.document.update }),
    },
  }
}

function planClipboard({ maxTextBytes }: { readonly maxTextBytes: number }): LaunchPlan['clipboard']['toGuest'] {
  return { allowed: maxTextBytes > 0, maxBytes: maxTextBytes }
}

/** The first engine of the host that can enforce everything; otherwise what each one lacks. */
export function chooseEngine(
  values: SettingValues,
  { engines }: Pick<Facts, 'engines'>,
  { engine }: Pick<Request, 'engine'>,
  demanding: readonly SettingName[] = demandingSettings,
  hardware: readonly string[] = [],
): { readonly name: LaunchPlan['engine'] } | { readonly reasons: readonly Reason[] } {
  const needed = neededCapabilities(values, demanding)
  const lacking: Reason[] = []
  let offered = false
  for (const { name, capabilities, hardware: given = [] } of engines) {
    if (engine !== 'auto' && name !== engine) continue
    offered = true
    const unable = needed.filter((capability) => !capabilities.includes(capability))
    const missing = [...unable, ...hardware.filter((device) => !given.includes(device))]
    if (missing.length === 0) return { name }
    lacking.push(...missing.map((capability) => reason('capability-missing', { engine: name, capability })))
  }
  return { reasons: offered ? lacking : [reason('engine-missing', { engine })] }
}

/** @param demanding the only settings that may need something; a default needs nothing. */
function neededCapabilities(values: SettingValues, demanding: readonly SettingName[]): readonly SettingCapability[] {
  const needed: SettingCapability[] = []
  for (const name of demanding) for (const capability of capabilitiesFor(name, values)) needed.push(capability)
  return needed
}

function capabilitiesFor<N extends SettingName>(name: N, values: SettingValues) {
  return catalogue[name].capabilities(values[name])
}
