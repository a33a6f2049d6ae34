// SPDX-License-Identifier: Apache-2.0
import { type AdministratorGrant, verifyAdministratorGrant } from '@casemate/policy/administrator-grant'
import { readAdministratorKey } from '@casemate/policy/administrator-key'
import { settingOf } from '@casemate/policy/decision'
import { PolicyError } from '@casemate/policy/error'
import type { Facts } from '@casemate/policy/facts'
import type { Lease } from '@casemate/policy/lease'
import { isInForce, isWithinMode } from '@casemate/policy/loosening'
import type { SettingValues } from '@casemate/policy/settings'
import type { Device } from '../device.ts'
import type { DesktopDocuments } from '../documents/desktop-documents.ts'

export type AdministratorMode = SettingValues['administrator-mode']
type Place = Pick<Facts, 'runtimeVersion' | 'network' | 'hostNetwork'>

/** What the policies let an administrator do with this desktop here and now. */
export function modeOf({ layers }: DesktopDocuments, lease: Lease, facts: Place, now: number): AdministratorMode {
  return settingOf(layers, lease, facts, now)('administrator-mode')
}

/** What was granted here for this desktop, where the key of the policies in force vouches for it; whether it holds is for the decision. */
export async function grantOf({ administrator, owner }: Device, desktop: string, mode: AdministratorMode): Promise<AdministratorGrant | null> {
  const token = administrator.tokenOf(desktop)
  if (token === null || mode.mode === 'off') return null
  try {
    return await verifyAdministratorGrant(token, { ...owner, key: readAdministratorKey(mode.key).publicJwk })
  } catch (error) {
    if (error instanceof PolicyError) return null
    throw error
  }
}

/** The grant while it has an effect. */
export async function presentGrant(device: Device, desktop: string, mode: AdministratorMode, lease: Lease): Promise<AdministratorGrant | null> {
  const grant = await grantOf(device, desktop, mode)
  return grant !== null && isInForce(grant, lease, desktop, device.clock.now) && isWithinMode(grant, mode) ? grant : null
}
