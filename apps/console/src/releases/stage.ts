// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto'
import { compareRuntimeVersions } from '@casemate/policy/names'
import { parsePolicy } from '@casemate/policy/policy'
import {
  type LayerReference,
  layerReference,
  packageManifestPath,
  policyDocumentPath,
  type Release,
  type ReleaseUpdate,
  releasePath,
  release as releaseSchema,
  writeRelease,
} from '@casemate/policy/release'
import { sha256Hex } from '@casemate/policy/sha256'
import { parseManifest } from '@casemate/vm-package/manifest'
import { z } from 'zod'
import { type Operator, requireRight } from '../access/actor.ts'
import { stageForApproval } from '../approvals/stage.ts'
import type { Transaction } from '../db/database.ts'
import { and, eq, isNotNull } from '../db/drizzle.ts'
import { ConsoleError } from '../error.ts'
import type { Console } from '../organisation/console.ts'
import { readRepository } from '../publish/repository.ts'

export interface WantedRelease {
  readonly desktop: string
  readonly title: string
  readonly package: { readonly name: string; readonly version: string }
  readonly layers: readonly { readonly layer: LayerReference['layer']; readonly selector: unknown; readonly name: string; readonly version: string }[]
  /** Left out: suggested, and no former release is kept on devices. */
  readonly update?: ReleaseUpdate | undefined
}

export interface StagedRelease {
  readonly path: string
  readonly serial: number
  readonly sha256: string
}

/**
 * Puts the next release of a desktop forward, of a package and policies that are published.
 * @throws ConsoleError `not-found` (package or policy is not published), `input-invalid`; PublishError of staging.
 */
export async function stageRelease(actor: Operator, console: Console, wanted: WantedRelease): Promise<StagedRelease> {
  requireRight(actor, 'release:stage')
  return await stageDraft(actor, console, await draftRelease(actor, console, wanted))
}

export interface ReleaseDraft {
  readonly document: Release
  /** Of the console's record of its package. */
  readonly packageId: string
}

/** @throws PublishError of staging. */
export async function stageDraft(actor: Operator, console: Console, { document, packageId }: ReleaseDraft): Promise<StagedRelease> {
  requireRight(actor, 'release:stage')
  const { now } = console
  const bytes = new TextEncoder().encode(writeRelease(document))
  const [path, sha256] = [releasePath(document.desktop, document.serial), await sha256Hex(bytes)]
  const createdAt = new Date(now() * 1000)
  await stageForApproval(actor, console, { role: 'releases', path, bytes, sha256 }, async (tx) => {
    const { releases } = tx.tables
    const desktopId = await keepDesktop(tx, actor.organisation, document, createdAt)
    const { serial } = document
    // One that was withdrawn may have left its number, which no device has seen.
    await tx.delete(releases).where(and(eq(releases.desktopId, desktopId), eq(releases.serial, serial)))
    await tx.insert(releases).values({ desktopId, serial, packageId, sha256, document: bytes, authorId: actor.user, createdAt })
  })
  return { path, serial: document.serial, sha256 }
}

/** The document that staging would put forward. @throws ConsoleError as {@link stageRelease}. */
export async function draftRelease(actor: Operator, console: Console, wanted: WantedRelease): Promise<ReleaseDraft> {
  const { db } = console
  const sealed = await findPackage(db, actor.organisation, wanted.package)
  const policies = await Promise.all(wanted.layers.map((layer) => findPolicy(db, actor.organisation, layer)))
  const document = parseInput({
    format: 'casemate-release-1',
    desktop: wanted.desktop,
    title: wanted.title,
    serial: await nextSerial(console, wanted.desktop),
    minRuntime: newest([parseManifest(sealed.manifest).minRuntime, ...policies.map(({ minRuntime }) => minRuntime)]),
    package: { path: packageManifestPath(sealed.name, sealed.version), sha256: sealed.sha256 },
    layers: policies.map(({ reference }) => reference),
    ...(wanted.update === undefined ? {} : { update: wanted.update }),
  })
  return { document, packageId: sealed.id }
}

function parseInput(value: z.input<typeof releaseSchema> | object): Release {
  const parsed = releaseSchema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new ConsoleError('input-invalid', `expected a release: ${z.prettifyError(parsed.error)}`, { cause: parsed.error })
}

async function findPackage(db: Transaction, organisation: string, { name, version }: WantedRelease['package']) {
  const { packages } = db.tables
  const [found] = await db
    .select()
    .from(packages)
    .where(and(eq(packages.organisationId, organisation), eq(packages.name, name), eq(packages.version, version), isNotNull(packages.publishedAt)))
  if (found === undefined) throw new ConsoleError('not-found', `expected a published package \`${name}\` ${version}`)
  return found
}

async function findPolicy(db: Transaction, organisation: string, { layer, selector, name, version }: WantedRelease['layers'][number]) {
  const { policies, policyVersions } = db.tables
  const [found] = await db
    .select({ sha256: policyVersions.sha256, document: policyVersions.document })
    .from(policyVersions)
    .innerJoin(policies, eq(policies.id, policyVersions.policyId))
    .where(
      and(
        eq(policies.organisationId, organisation),
        eq(policies.name, name),
        eq(policyVersions.version, version),
        isNotNull(policyVersions.publishedAt),
      ),
    )
  if (found === undefined) throw new ConsoleError('not-found', `expected a published policy \`${name}\` ${version}`)
  const reference = layerReference.safeParse({ layer, selector, path: policyDocumentPath(name, version), sha256: found.sha256 })
  if (!reference.success) throw new ConsoleError('input-invalid', `layer \`${layer}\`: ${z.prettifyError(reference.error)}`)
  return { reference: reference.data, minRuntime: parsePolicy(found.document).minRuntime }
}

/** One above what is published; what waits is refused by staging itself. */
export async function nextSerial({ repository }: Console, desktop: string): Promise<number> {
  const targets = (await readRepository(repository)).roles.get('releases')?.document.signed.targets ?? {}
  const serials = Object.keys(targets).flatMap((path) =>
    path.startsWith(`releases/${desktop}/`) ? [Number.parseInt(path.split('/')[2] ?? '', 10)] : [],
  )
  return Math.max(0, ...serials) + 1
}

async function keepDesktop(tx: Transaction, organisationId: string, { desktop: name, title }: Release, createdAt: Date): Promise<string> {
  const { desktops } = tx.tables
  const [kept] = await tx
    .insert(desktops)
    .values({ id: randomUUID(), organisationId, name, title, createdAt })
    .onConflictDoUpdate({ target: [desktops.organisationId, desktops.name], set: { title } })
    .returning({ id: desktops.id })
  if (kept === undefined) throw new ConsoleError('data-invalid', `desktop \`${name}\` could not be kept`)
  return kept.id
}

const newest = (versions: readonly string[]): string => versions.reduce((one, other) => (compareRuntimeVersions(one, other) < 0 ? other : one))
