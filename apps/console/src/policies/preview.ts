// SPDX-License-Identifier: Apache-2.0
//
// What a policy would change before anybody puts it forward: each desktop whose published release uses a policy of that name, as if its next
// release used this one instead and nothing else changed.
import { type DeviceImpact, impactOf } from '@casemate/policy/impact'
import { parsePolicyYaml, writePolicy } from '@casemate/policy/policy'
import { policyDocumentPath, type Release } from '@casemate/policy/release'
import { sha256Hex } from '@casemate/policy/sha256'
import { type Operator, requireRight } from '../access/actor.ts'
import { asc, eq } from '../db/drizzle.ts'
import type { Console } from '../organisation/console.ts'
import { assignedDevices } from '../releases/assigned-devices.ts'
import { describeDevice, type PreviewedDevice, publishedBefore } from '../releases/preview.ts'
import { readLayers } from '../releases/values.ts'

export interface PolicyPreview {
  readonly name: string
  readonly version: string
  /** Those whose newest published release uses a policy of that name. */
  readonly desktops: readonly {
    readonly desktop: string
    readonly title: string
    /** Serial of that release, and which versions of the policy it uses. */
    readonly follows: number
    readonly versions: readonly string[]
    /** Every one to which the desktop is assigned. */
    readonly devices: readonly PreviewedDevice[]
    readonly impact: readonly DeviceImpact[]
  }[]
}

/** @throws PolicyError as reading the text does. */
export async function previewPolicy(actor: Operator, console: Console, yaml: string): Promise<PolicyPreview> {
  requireRight(actor, 'policy:stage')
  const { db, now } = console
  const document = parsePolicyYaml(yaml)
  const { name, version } = document
  const sha256 = await sha256Hex(new TextEncoder().encode(writePolicy(document)))
  const candidate = { path: policyDocumentPath(name, version), sha256, document }
  const { desktops } = db.tables
  const named = await db.select().from(desktops).where(eq(desktops.organisationId, actor.organisation)).orderBy(asc(desktops.name))
  const devices = await assignedDevices(db, actor.organisation)
  const previews: PolicyPreview['desktops'][number][] = []
  for (const { name: desktop, title } of named) {
    const before = await publishedBefore(console, actor.organisation, desktop)
    const versions = before === null ? [] : versionsOf(before.release, name)
    if (before === null || versions.length === 0) continue
    const layers = before.release.layers.map((layer) => (isOf(layer.path, name) ? { ...layer, path: candidate.path, sha256 } : layer))
    const release = { ...before.release, layers }
    const assigned = devices.get(desktop) ?? []
    const known = assigned.map((device) => device.known)
    const after = { ...before, release, layers: await readLayers(db, release, candidate) }
    previews.push({
      ...{ desktop, title, follows: before.release.serial, versions },
      ...{ devices: assigned.map(describeDevice), impact: impactOf(before, after, known, now()) },
    })
  }
  return { name, version, desktops: previews }
}

const isOf = (path: string, policy: string): boolean => path.startsWith(`policies/${policy}/`)

function versionsOf({ layers }: Release, policy: string): readonly string[] {
  const used = layers.filter(({ path }) => isOf(path, policy)).map(({ path }) => path.split('/')[2]?.slice(0, -'.json'.length) ?? '')
  return [...new Set(used)]
}
