// SPDX-License-Identifier: Apache-2.0
//
// PO-18: what the guest wrote to its system disks, and its firmware's memory, go when it is powered off. It is done once the disks are closed, and again before they
// are opened, for whatever ended without that. A suspended VM has not been powered off: it goes on over its disks as they are.
import { rm } from 'node:fs/promises'
import type { LaunchPlan } from '@casemate/policy/launch-plan'
import type { ManifestDisk } from '@casemate/vm-package/manifest'
import type { InstanceLayout } from '../layout.ts'
import { isThere } from './is-there.ts'

type Owner = { readonly plan: Pick<LaunchPlan, 'diskChanges' | 'package' | 'engine'>; readonly layout: InstanceLayout }

export async function discardChanges({ plan, layout }: Owner, disks: readonly Pick<ManifestDisk, 'name' | 'role'>[]): Promise<void> {
  if (plan.diskChanges === 'kept' || (await isThere(layout.suspended(plan.package.sha256)))) return
  await rm(layout.uefiVariables(plan.package.sha256), { force: true })
  for (const { name, role } of disks) {
    if (role === 'system') await rm(layout.systemDisk(name, plan.package.sha256, plan.engine), { force: true })
  }
}
