// SPDX-License-Identifier: Apache-2.0
//
// What the desktops of this host ask of all of it (PO-23). A desktop whose documents are not here, or cannot be believed, asks for nothing:
// it does not run itself, and what comes for it later is asked then.
import { settingOf } from '@casemate/policy/decision'
import type { Facts } from '@casemate/policy/facts'
import { desktopOf, type Lease } from '@casemate/policy/lease'
import type { Device } from '../device.ts'
import { readDesktop } from '../documents/desktop-documents.ts'

/** @returns an entry a desktop that is assigned; all of them of the one organisation that a runtime is enrolled with. */
export async function hostWideOf(
  { documents: { place }, clock }: Pick<Device, 'documents' | 'clock'>,
  lease: Lease | null,
  facts: Pick<Facts, 'runtimeVersion' | 'network' | 'hostNetwork'>,
): Promise<Facts['hostWide']> {
  if (lease === null) return []
  const desktops = await Promise.all(lease.assign.map((assigned) => readDesktop(place, desktopOf(assigned), lease).catch(() => undefined)))
  return desktops.flatMap((held) =>
    held === undefined
      ? []
      : { organisation: lease.iss, values: { 'host-desktops': settingOf(held.layers, lease, facts, clock.now)('host-desktops') } },
  )
}
