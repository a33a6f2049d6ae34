// SPDX-License-Identifier: Apache-2.0
import type { ApprovedRelease } from '@casemate/policy/decision'
import { type ApprovedPolicy, layPolicies, type PolicyLayers } from '@casemate/policy/layers'
import type { Lease } from '@casemate/policy/lease'
import { parsePolicy } from '@casemate/policy/policy'
import { parseRelease, type Release } from '@casemate/policy/release'
import { neededHardware } from '@casemate/vm-package/hardware'
import { openManifest } from '@casemate/vm-package/manifest'
import type { UpdatePlace } from '../update/place.ts'
import { type HeldTarget, listVerified, readVerified } from '../update/verified-copy.ts'

/** One desktop's approved documents out of the verified copy, parsed. */
export interface DesktopDocuments {
  readonly release: ApprovedRelease
  readonly layers: PolicyLayers
  readonly manifest: Uint8Array
  /** Digest of the licence that the manifest names, or null. */
  readonly eula: string | null
}

/**
 * The release that the lease assigns, or, where that is not here, the newest one that is: the decision then says what is wrong with it.
 * @returns undefined where no release of the desktop is here whole.
 * @throws UpdateError, PolicyError or PackageError for documents that are here and cannot be believed.
 */
export async function readDesktop(place: UpdatePlace, desktop: string, lease: Lease | null): Promise<DesktopDocuments | undefined> {
  const held = await listVerified(place)
  const assigned = lease?.assign.find(({ path }) => path.startsWith(`releases/${desktop}/`))
  const found = held.find(({ path }) => path === assigned?.path) ?? newestOf(held, desktop)
  if (found === undefined) return undefined
  const document = parseRelease(await readVerified(place, found.path))
  const manifest = await readHeld(place, held, document.package)
  if (manifest === undefined) return undefined
  const { hardware, disks, validity, eula } = openManifest(manifest, document.package.sha256)
  const needs = neededHardware(hardware, disks)
  const release: ApprovedRelease = {
    ...{ path: found.path, sha256: found.sha256, document, machine: { memoryMiB: hardware.memoryMiB, ...(needs.length === 0 ? {} : { needs }) } },
    validity: { notBefore: secondsOf(validity.notBefore), notAfter: secondsOf(validity.notAfter) },
  }
  return { release, layers: await readLayers(place, held, document), manifest, eula: eula?.sha256 ?? null }
}

/** Of a time as the manifest has it. */
const secondsOf = (instant: string | null): number | null => (instant === null ? null : Date.parse(instant) / 1000)

async function readLayers(place: UpdatePlace, held: readonly HeldTarget[], document: Release): Promise<PolicyLayers> {
  const policies: ApprovedPolicy[] = []
  for (const { path, sha256 } of document.layers) {
    const bytes = await readHeld(place, held, { path, sha256 })
    if (bytes !== undefined) policies.push({ path, sha256, document: parsePolicy(bytes) })
  }
  return layPolicies(document, policies)
}

async function readHeld(
  place: UpdatePlace,
  held: readonly HeldTarget[],
  wanted: { readonly path: string; readonly sha256: string },
): Promise<Uint8Array | undefined> {
  const here = held.some(({ path, sha256 }) => path === wanted.path && sha256 === wanted.sha256)
  return here ? readVerified(place, wanted.path) : undefined
}

function newestOf(held: readonly HeldTarget[], desktop: string): HeldTarget | undefined {
  const serialOf = ({ path }: HeldTarget) => Number(/^releases\/[^/]+\/(\d+)\.json$/.exec(path)?.[1] ?? 0)
  return held.filter(({ path }) => path.startsWith(`releases/${desktop}/`)).sort((one, other) => serialOf(other) - serialOf(one))[0]
}
