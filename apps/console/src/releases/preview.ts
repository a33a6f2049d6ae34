// SPDX-License-Identifier: Apache-2.0
//
// What a release would change, for which devices, before anybody stages it: the settings of each device under the release that it has and
// under the wanted one.
import { type DeviceImpact, impactOf, type ReleaseWithLayers } from '@casemate/policy/impact'
import { packageOf, parseRelease, type Release } from '@casemate/policy/release'
import { diffPackages, type PackageDiff } from '@casemate/vm-package/diff'
import { PackageError } from '@casemate/vm-package/error'
import { neededHardware } from '@casemate/vm-package/hardware'
import { unwrapPackageKey } from '@casemate/vm-package/keys'
import { openManifest } from '@casemate/vm-package/manifest'
import { type Operator, requireRight } from '../access/actor.ts'
import type { Transaction } from '../db/database.ts'
import { and, eq } from '../db/drizzle.ts'
import type { Console } from '../organisation/console.ts'
import { readPackage } from '../packages/read.ts'
import { type AssignedDevice, assignedDevices } from './assigned-devices.ts'
import { newestRelease } from './newest.ts'
import { draftRelease, type WantedRelease } from './stage.ts'
import { readLayers } from './values.ts'

export interface PreviewedDevice {
  readonly device: string
  readonly name: string
  readonly user: string | null
}

export interface ReleasePreview {
  /** Serial of the release that it follows; null: it is the desktop's first. */
  readonly follows: number | null
  readonly serial: number
  /** Of every device to which the desktop is assigned. */
  readonly devices: readonly PreviewedDevice[]
  /** Of those for which something changes. */
  readonly impact: readonly DeviceImpact[]
  /** What is sent; null where an index of a package cannot be read. */
  readonly transfer: {
    /** To a device without any of the package. */
    readonly whole: PackageDiff['whole']
    /** To one that holds the package of the release before whole. */
    readonly update: PackageDiff['fetched']
  } | null
}

/** @throws ConsoleError as staging does. */
export async function previewRelease(actor: Operator, console: Console, wanted: WantedRelease): Promise<ReleasePreview> {
  requireRight(actor, 'release:stage')
  return await previewDraft(actor, console, (await draftRelease(actor, console, wanted)).document)
}

export async function previewDraft(actor: Operator, console: Console, document: Release): Promise<ReleasePreview> {
  const { db, now } = console
  const { desktop } = document
  const before = await publishedBefore(console, actor.organisation, desktop)
  const after = await withLayers(db, actor.organisation, document)
  const devices = (await assignedDevices(db, actor.organisation)).get(desktop) ?? []
  const known = devices.map((device) => device.known)
  return {
    ...{ follows: before?.release.serial ?? null, serial: document.serial, impact: impactOf(before, after, known, now()) },
    transfer: await transferOf(actor, console, before?.release ?? null, document),
    devices: devices.map(describeDevice),
  }
}

export function describeDevice({ name, known: { sub, claims } }: AssignedDevice): PreviewedDevice {
  return { device: sub, name, user: claims.user }
}

async function transferOf(actor: Operator, console: Console, before: Release | null, after: Release): Promise<ReleasePreview['transfer']> {
  try {
    const held = before === null ? null : await openPackage(actor, console, before)
    const { whole, fetched } = await diffPackages(held, await openPackage(actor, console, after), console.objects)
    return { whole, update: fetched }
  } catch (error) {
    if (error instanceof PackageError) return null
    throw error
  }
}

async function openPackage(actor: Operator, console: Console, release: Release) {
  const { sha256, ...named } = packageOf(release)
  const { manifest, sealedKey } = await readPackage(actor, console, named)
  return { manifest: openManifest(manifest, sha256), packageKey: unwrapPackageKey(console.keys.organisation, sealedKey, sha256) }
}

/** The newest published release of a desktop with its policies; null: none is. */
export async function publishedBefore({ db }: Pick<Console, 'db'>, organisation: string, desktop: string): Promise<ReleaseWithLayers | null> {
  const found = await newestRelease(db, organisation, desktop)
  if (found === null) return null
  return await withLayers(db, organisation, parseRelease(found.document))
}

/** With its policies, and what the hardware of its package needs. */
async function withLayers(db: Transaction, organisation: string, release: Release): Promise<ReleaseWithLayers> {
  const { packages } = db.tables
  const { name, version, sha256 } = packageOf(release)
  const [found] = await db
    .select({ manifest: packages.manifest })
    .from(packages)
    .where(and(eq(packages.organisationId, organisation), eq(packages.name, name), eq(packages.version, version)))
  const layers = await readLayers(db, release)
  if (found === undefined) return { release, layers }
  const { hardware, disks } = openManifest(found.manifest, sha256)
  return { release, layers, needs: neededHardware(hardware, disks) }
}
