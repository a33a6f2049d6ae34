// SPDX-License-Identifier: Apache-2.0

import { type DriveName, deviceChoices } from '@casemate/engine/device-spec'
import type { LaunchPlan } from '@casemate/policy/launch-plan'
import { noUsb } from '@casemate/policy/usb-rules'
import type { Phase } from './deadlines.ts'
import { type GuestInfoInForce, noGuestInfo } from './guest-info/guest-info.ts'

/** What the running VM may do this moment. */
export interface InForce {
  readonly clipboard: LaunchPlan['clipboard']
  readonly network: LaunchPlan['network']
}

const CLOSED = { allowed: false, maxBytes: 0 }
const NOTHING = { mode: 'none' } as const

/** The plan, or once its restricting deadline has passed no network and no clipboard. */
export function inForce(plan: Pick<LaunchPlan, 'clipboard' | 'network'>, phase: Phase): InForce {
  if (isShut(phase)) return { clipboard: { toGuest: CLOSED, fromGuest: CLOSED }, network: NOTHING }
  return { clipboard: plan.clipboard, network: plan.network }
}

/** The drives that may hold a medium this moment (PO-12). */
export function drivesInForce({ drives }: Pick<LaunchPlan, 'drives'>, phase: Phase): readonly DriveName[] {
  return isShut(phase) ? [] : deviceChoices.drives.filter((drive) => drives[drive] !== 'none')
}

/** Which USB devices of the host may be in the guest this moment (PO-13, PO-5). */
export function usbInForce({ usb }: Pick<LaunchPlan, 'usb'>, phase: Phase): LaunchPlan['usb'] {
  return isShut(phase) ? noUsb : usb
}

/** What the guest finds at the switch itself this moment (PO-14, PO-15, PO-20). */
export interface SharingInForce {
  readonly printer: boolean
  readonly folders: LaunchPlan['sharing']['folders']
  readonly guestInfo: GuestInfoInForce
}

export const noSharing: SharingInForce = { printer: false, folders: 'none', guestInfo: noGuestInfo }

export function sharingInForce({ printer, sharing, guestInfo }: Pick<LaunchPlan, 'printer' | 'sharing' | 'guestInfo'>, phase: Phase): SharingInForce {
  return isShut(phase) ? noSharing : { printer: printer !== 'none', folders: sharing.folders, guestInfo }
}

const isShut = (phase: Phase): boolean => phase === 'restricted' || phase === 'over'
