// SPDX-License-Identifier: Apache-2.0
//
// PO-10 in a plan: what is left of the network where a guest is quarantined.
import { z } from 'zod'
import { meetNetworks } from '../../model/network-rules.ts'
import type { NetworkSetting } from '../../model/network-setting.ts'
import type { SettingValues } from '../../model/settings.ts'
import { plannedNetwork } from './network.ts'

export const quarantineMembers = {
  quarantine: z.strictObject({
    /** Why the network of this plan is that of a quarantine, in words; empty: it is not. */
    posture: z.array(z.string().min(1).max(512)).max(1000),
    /** In force while the VM runs another package than this plan's; null: its network stays. */
    outdated: plannedNetwork.nullable(),
    /** The network of this plan is `outdated`, since the VM runs another package; absent: it is not. */
    inForce: z.literal('outdated').optional(),
  }),
}

export type QuarantinePlan = z.infer<z.ZodObject<typeof quarantineMembers>>

export const noQuarantine: QuarantinePlan = { quarantine: { posture: [], outdated: null } }

/**
 * The settings as they hold, with what a quarantine would leave in place of the rule for it, so that an engine is asked for what it needs.
 * @param faults of the posture, empty where it holds.
 */
export function quarantined(values: SettingValues, faults: readonly string[]): { readonly values: SettingValues; readonly plan: QuarantinePlan } {
  const { whenOutdated, network } = values.quarantine
  if (faults.length === 0 && !whenOutdated && network.mode === 'none') return { values, plan: noQuarantine }
  const left: NetworkSetting = faults.length > 0 || whenOutdated ? meetNetworks(values.network, network) : { mode: 'none' }
  return {
    values: { ...values, network: faults.length > 0 ? left : values.network, quarantine: { whenOutdated, network: left } },
    plan: { quarantine: { posture: [...faults], outdated: whenOutdated ? left : null } },
  }
}

/** What a quarantine would leave, where one can come. @throws PolicyError `network-rules-too-many` */
export function leftInQuarantine({ network, posture, quarantine }: Pick<SettingValues, 'network' | 'posture' | 'quarantine'>): NetworkSetting {
  const mayCome = quarantine.whenOutdated || posture.otherwise === 'quarantine'
  return mayCome ? meetNetworks(network, quarantine.network) : { mode: 'none' }
}
