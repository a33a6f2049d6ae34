// SPDX-License-Identifier: Apache-2.0
//
// What the approved policies of a release give a device, as the console computes it: for activation, for the limits that its lease
// carries, and to hold what the device did against.
import { type ApprovedPolicy, layPolicies, type PolicyLayers, type SettingLookup, settingLookup } from '@casemate/policy/layers'
import { parsePolicy } from '@casemate/policy/policy'
import { parseRelease, type Release } from '@casemate/policy/release'
import type { Transaction } from '../db/database.ts'
import { inArray } from '../db/drizzle.ts'
import type { DeviceRow } from '../devices/device-row.ts'
import { ConsoleError } from '../error.ts'

/** @throws ConsoleError `data-invalid` when a document of the release is not there as it was approved. */
export async function releaseSettings(
  db: Transaction,
  release: { readonly document: Uint8Array },
  { id, claims, runtimeVersion }: DeviceRow,
  now: number,
): Promise<SettingLookup> {
  const layers = await readLayers(db, parseRelease(release.document))
  // The network is what the device says of itself: not known here, so it can only tighten.
  return settingLookup(layers, { sub: id, claims }, { claims, runtimeVersion: runtimeVersion ?? '0.0.0', network: null, now })
}

/**
 * The approved policies of a release.
 * @param candidate one that is not approved yet, for a release that names it.
 * @throws ConsoleError `data-invalid`
 */
export async function readLayers(db: Transaction, release: Release, candidate: ApprovedPolicy | null = null): Promise<PolicyLayers> {
  const { policyVersions } = db.tables
  const wanted = [...new Set(release.layers.map(({ sha256 }) => sha256))]
  const found =
    wanted.length === 0
      ? []
      : await db
          .select({ sha256: policyVersions.sha256, document: policyVersions.document })
          .from(policyVersions)
          .where(inArray(policyVersions.sha256, wanted))
  const documents = new Map(found.map((row) => [row.sha256, parsePolicy(row.document)]))
  const approved = release.layers.map(({ path, sha256 }) => {
    const policy = candidate?.sha256 === sha256 ? candidate.document : documents.get(sha256)
    if (policy === undefined) throw new ConsoleError('data-invalid', `policy \`${path}\` is not here as it was approved`)
    return { path, sha256, document: policy }
  })
  return layPolicies(release, approved)
}
