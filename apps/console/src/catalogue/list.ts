// SPDX-License-Identifier: Apache-2.0
//
// What there is to choose from: packages, policies and desktops, with what waits and what is published.
import { type Manifest, parseManifest } from '@casemate/vm-package/manifest'
import { type Operator, requireRight } from '../access/actor.ts'
import { and, asc, desc, eq, isNotNull } from '../db/drizzle.ts'
import { ConsoleError } from '../error.ts'
import type { Console } from '../organisation/console.ts'

/** Instants are Unix seconds. */
export interface PackageView {
  readonly name: string
  readonly version: string
  readonly sha256: string
  /** What the version added to the object store; null: not known. */
  readonly storedBytes: number | null
  readonly author: string
  readonly createdAt: number
  /** Null: it waits for approval, or was withdrawn. */
  readonly publishedAt: number | null
  readonly validity: Manifest['validity']
  /** What its recorded boot is good for: the order of fetching, and a state to go on from; null: none was recorded. */
  readonly firstBoot: 'order' | 'order-and-state' | null
}

export interface PolicyView {
  readonly name: string
  readonly versions: readonly { readonly version: string; readonly sha256: string; readonly createdAt: number; readonly publishedAt: number | null }[]
}

export interface DesktopView {
  readonly name: string
  readonly title: string
  /** Newest that is published; null: none is. */
  readonly release: {
    readonly serial: number
    readonly package: { readonly name: string; readonly version: string }
    readonly publishedAt: number
  } | null
  readonly assignments: readonly { readonly subject: 'all' | 'device' | 'user' | 'group' | 'tag'; readonly value: string }[]
  readonly activation: {
    /** Activations on all devices together; null: any number. */
    readonly most: number | null
    readonly hasPassword: boolean
    readonly keys: readonly { readonly uses: number; readonly usesAllowed: number | null }[]
  }
}

export async function listPackages(actor: Operator, { db }: Console): Promise<readonly PackageView[]> {
  requireRight(actor, 'catalogue:see')
  const { packages, users } = db.tables
  const rows = await db
    .select({
      ...{ name: packages.name, version: packages.version, sha256: packages.sha256, storedBytes: packages.storedBytes, manifest: packages.manifest },
      ...{ author: users.login, createdAt: packages.createdAt, publishedAt: packages.publishedAt },
    })
    .from(packages)
    .innerJoin(users, eq(users.id, packages.authorId))
    .where(eq(packages.organisationId, actor.organisation))
    .orderBy(asc(packages.name), desc(packages.createdAt))
  return rows.map(({ createdAt, publishedAt, manifest, ...row }) => {
    const { validity, prefetch, warmState } = parseManifest(manifest)
    const firstBoot = warmState !== null ? 'order-and-state' : prefetch !== null ? 'order' : null
    return { ...row, validity, firstBoot, createdAt: seconds(createdAt), publishedAt: orNull(publishedAt) }
  })
}

export async function listPolicies(actor: Operator, { db }: Console): Promise<readonly PolicyView[]> {
  requireRight(actor, 'catalogue:see')
  const { policies, policyVersions } = db.tables
  const rows = await db
    .select({
      ...{ name: policies.name, version: policyVersions.version, sha256: policyVersions.sha256 },
      ...{ createdAt: policyVersions.createdAt, publishedAt: policyVersions.publishedAt },
    })
    .from(policyVersions)
    .innerJoin(policies, eq(policies.id, policyVersions.policyId))
    .where(eq(policies.organisationId, actor.organisation))
    .orderBy(asc(policies.name), desc(policyVersions.createdAt))
  const versions = rows.map(({ createdAt, publishedAt, ...row }) => ({ ...row, createdAt: seconds(createdAt), publishedAt: orNull(publishedAt) }))
  return [...Map.groupBy(versions, ({ name }) => name)].map(([name, of]) => ({ name, versions: of.map(({ name: _, ...version }) => version) }))
}

/** As it was typed, while that version is the newest of its line; else its canonical JSON, which is YAML too. @throws ConsoleError `not-found` */
export async function readPolicy(actor: Operator, { db }: Console, name: string, version: string): Promise<{ readonly yaml: string }> {
  requireRight(actor, 'catalogue:see')
  const { policies, policyVersions } = db.tables
  const own = and(eq(policies.organisationId, actor.organisation), eq(policies.name, name))
  const rows = await db
    .select({ draft: policies.draft, version: policyVersions.version, document: policyVersions.document })
    .from(policyVersions)
    .innerJoin(policies, eq(policies.id, policyVersions.policyId))
    .where(own)
    .orderBy(desc(policyVersions.createdAt))
  const found = rows.find((row) => row.version === version)
  if (found === undefined) throw new ConsoleError('not-found', `there is no policy \`${name}\` ${version}`)
  return { yaml: found === rows[0] ? found.draft : new TextDecoder().decode(found.document) }
}

export async function listDesktops(actor: Operator, { db }: Console): Promise<readonly DesktopView[]> {
  requireRight(actor, 'catalogue:see')
  const { desktops, releases, packages, assignments, activationSecrets } = db.tables
  const rows = await db.select().from(desktops).where(eq(desktops.organisationId, actor.organisation)).orderBy(asc(desktops.name))
  return await Promise.all(
    rows.map(async ({ id, name, title, activationsAllowed }) => {
      const [newest] = await db
        .select({ serial: releases.serial, publishedAt: releases.publishedAt, package: packages.name, version: packages.version })
        .from(releases)
        .innerJoin(packages, eq(packages.id, releases.packageId))
        .where(and(eq(releases.desktopId, id), isNotNull(releases.publishedAt)))
        .orderBy(desc(releases.serial))
        .limit(1)
      const given = await db.select().from(assignments).where(eq(assignments.desktopId, id)).orderBy(asc(assignments.subject), asc(assignments.value))
      const secrets = await db.select().from(activationSecrets).where(eq(activationSecrets.desktopId, id)).orderBy(asc(activationSecrets.createdAt))
      const valid = secrets.filter(({ revokedAt }) => revokedAt === null)
      return {
        ...{ name, title },
        release:
          newest === undefined
            ? null
            : { serial: newest.serial, package: { name: newest.package, version: newest.version }, publishedAt: orNull(newest.publishedAt) ?? 0 },
        assignments: given.map(({ subject, value }) => ({ subject, value })),
        activation: {
          most: activationsAllowed,
          hasPassword: valid.some(({ kind }) => kind === 'password'),
          keys: valid.filter(({ kind }) => kind === 'key').map(({ uses, usesAllowed }) => ({ uses, usesAllowed })),
        },
      }
    }),
  )
}

const seconds = (at: Date): number => Math.floor(at.getTime() / 1000)
const orNull = (at: Date | null): number | null => (at === null ? null : seconds(at))
