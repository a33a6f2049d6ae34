// SPDX-License-Identifier: Apache-2.0

import { type DriveName, deviceChoices } from '@casemate/engine/device-spec'
import type { LaunchPlan } from '@casemate/policy/launch-plan'
import type { Phase } from './deadlines.ts'

/** What the running VM may do this moment. */
export interface InForce {
  readonly clipboard: LaunchPlan['clipboard']
  readonly network: Omit<Extract<LaunchPlan['network'], { mode: 'listed' }>, 'mode'>
}

const CLOSED = { allowed: false, maxBytes: 0 }
const NOTHING = { allow: [] }

/** The plan, or once its restricting deadline has passed no network and no clipboard. */
export function inForce(plan: Pick<LaunchPlan, 'clipboard' | 'network'>, phase: Phase): InForce {
  if (isShut(phase)) return { clipboard: { toGuest: CLOSED, fromGuest: CLOSED }, network: NOTHING }
  if (plan.network.mode === 'none') return { clipboard: plan.clipboard, network: NOTHING }
  const { mode: _, ...network } = plan.network
  return { clipboard: plan.clipboard, network }
}

/** The drives that may hold a medium this moment (PO-12). */
export function drivesInForce({ drives }: Pick<LaunchPlan, 'drives'>, phase: Phase): readonly DriveName[] {
  return isShut(phase) ? [] : deviceChoices.drives.filter((drive) => drives[drive] !== 'none')
}

/** What the guest finds at the switch itself this moment (PO-14, PO-15). */
export interface SharingInForce {
  readonly printer: boolean
  readonly folders: LaunchPlan['sharing']['folders']
}

export function sharingInForce({ printer, sharing }: Pick<LaunchPlan, 'printer' | 'sharing'>, phase: Phase): SharingInForce {
  return isShut(phase) ? { printer: false, folders: 'none' } : { printer: printer !== 'none', folders: sharing.folders }
}

const isShut = (phase: Phase): boolean => phase === 'restricted' || phase === 'over'
