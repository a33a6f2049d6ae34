// SPDX-License-Identifier: Apache-2.0
//
// Three stories of one session, side by side: what the approved policies give, what the device decided, and what was observed of the VM.
// A device can lie about the last two; that they agree is a claim of the device, that they differ is a finding.
import { z } from 'zod'
import { appliedSettings } from '../decision/applied-settings.ts'
import { type LaunchPlan, launchPlan } from '../decision/launch-plan.ts'
import { sha256Text, slug } from '../model/names.ts'
import { catalogue, type SettingName, type SettingValues, settingNames } from '../model/settings.ts'
import { grantBytes } from '../trust/administrator-grant.ts'

const fields = launchPlan.shape

/** Read off the VM and its session host, not copied from the plan. */
export const observation = z.strictObject({
  state: z.enum(['prepared', 'running', 'paused', 'starved', 'suspended', 'stopped', 'failed']),
  package: sha256Text,
  engine: fields.engine,
  memoryMiB: fields.memoryMiB,
  network: fields.network,
  clipboard: fields.clipboard,
  serial: fields.serial,
  exit: fields.exit,
})

export const sessionReport = z.strictObject({
  session: slug,
  /** The release under which it was decided last. */
  serial: z.int().min(1),
  releaseSha256: sha256Text,
  plan: launchPlan,
  observed: observation.nullable(),
  /** PO-21: what an administrator signed at the device for this desktop; absent: nothing. */
  administrator: z.string().max(grantBytes).optional(),
})

export type Observation = z.infer<typeof observation>
export type SessionReport = z.infer<typeof sessionReport>

export interface Difference {
  readonly between: 'policy-and-decision' | 'decision-and-observation'
  readonly field: string
  readonly wanted: string
  readonly found: string
}

/**
 * Empty: compliant.
 * @param values what the approved policies give this device; null where the console does not know.
 */
export function complianceOf({ plan, observed }: Pick<SessionReport, 'plan' | 'observed'>, values: SettingValues | null): readonly Difference[] {
  const decided = values === null ? [] : decisionDifferences(plan, values)
  return observed === null ? decided : [...decided, ...observationDifferences(plan, observed)]
}

/** A decision may be stricter than the policies (offline, the lease, the machine's own memory), never looser. */
function decisionDifferences(plan: LaunchPlan, values: SettingValues): readonly Difference[] {
  const applied = appliedSettings(plan)
  return settingNames.flatMap((name) => looser(name, applied[name], values[name]) ?? [])
}

function looser<N extends SettingName>(name: N, applied: SettingValues[N] | undefined, wanted: SettingValues[N]): Difference | undefined {
  const { meet, words } = catalogue[name]
  if (applied === undefined || same(meet(applied, wanted), meet(applied, applied))) return undefined
  return { between: 'policy-and-decision', field: name, wanted: words(wanted), found: words(applied) }
}

function observationDifferences(plan: LaunchPlan, observed: Observation): readonly Difference[] {
  const pairs: readonly (readonly [string, unknown, unknown])[] = [
    ['package', plan.package.sha256, observed.package],
    ['engine', plan.engine, observed.engine],
    ['memoryMiB', plan.memoryMiB, observed.memoryMiB],
    ['network', plan.network, observed.network],
    ['clipboard', plan.clipboard, observed.clipboard],
    ['serial', plan.serial, observed.serial],
    ['exit', plan.exit, observed.exit],
  ]
  return pairs
    .filter(([, wanted, found]) => !same(wanted, found))
    .map(([field, wanted, found]) => ({ between: 'decision-and-observation', field, wanted: JSON.stringify(wanted), found: JSON.stringify(found) }))
}

/** Both were parsed by one schema, which gives members one order. */
function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
