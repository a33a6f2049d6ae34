// SPDX-License-Identifier: Apache-2.0
//
// The repository is the truth about what is published; the database repeats it to be searched. This carries it over, after every
// publication and at every start, since a process may die between the two.
import { appendAudit } from '../audit/append.ts'
import type { Transaction } from '../db/database.ts'
import { and, eq, isNull } from '../db/drizzle.ts'
import { noteChangeForAll } from '../devices/note-change.ts'
import type { Console } from '../organisation/console.ts'
import { localOperator } from '../organisation/local-operator.ts'
import { type DelegatedRole, delegatedRoles } from '../publish/metadata.ts'
import { findPendingTargets } from '../publish/pending.ts'
import { readRepository } from '../publish/repository.ts'
import { withdraw } from '../publish/withdraw.ts'

interface Recorded {
  readonly role: DelegatedRole
  readonly path: string
  readonly sha256: string
}

/** Marks what is out as published. @returns the paths that were new. */
export async function markPublished({ db, repository, now }: Console): Promise<readonly string[]> {
  const { roles } = await readRepository(repository)
  const unmarked = await unpublished(db)
  const fresh = unmarked.filter(({ role, path, sha256 }) => roles.get(role)?.document.signed.targets[path]?.hashes.sha256 === sha256)
  if (fresh.length === 0) return []
  const publishedAt = new Date(now() * 1000)
  await db.transaction(async (tx) => {
    for (const { mark } of fresh) await mark(tx, publishedAt)
    if (fresh.some(({ role }) => role === 'releases')) await noteChangeForAll(tx)
  })
  return fresh.map(({ path }) => path)
}

/** Withdraws waiting versions whose new targets have no record. */
export async function withdrawUnrecorded({ db, repository, organisation, now }: Console): Promise<void> {
  const published = await readRepository(repository)
  const recorded = new Set((await unpublished(db)).map(keyOf))
  for (const role of delegatedRoles) {
    const pending = await findPendingTargets(repository, role)
    const before = published.roles.get(role)?.document.signed.targets ?? {}
    const added = Object.entries(pending?.document.signed.targets ?? {}).filter(([path]) => before[path] === undefined)
    if (added.every(([path, { hashes }]) => recorded.has(keyOf({ role, path, sha256: hashes.sha256 })))) continue
    await withdraw(repository, role)
    const subject = added.map(([path]) => path).join(' ')
    await db.transaction((tx) => appendAudit(tx, localOperator.of(organisation.id), now(), { action: `${role}.withdrawn`, subject }))
  }
}

const keyOf = ({ role, path, sha256 }: Recorded): string => `${role} ${sha256} ${path}`

type Unpublished = Recorded & { readonly mark: (tx: Transaction, at: Date) => Promise<unknown> }

async function unpublished(db: Transaction): Promise<readonly Unpublished[]> {
  const { packages, policies, policyVersions, releases, desktops } = db.tables
  const sealed = await db.select().from(packages).where(isNull(packages.publishedAt))
  const written = await db
    .select({ id: policyVersions.policyId, name: policies.name, version: policyVersions.version, sha256: policyVersions.sha256 })
    .from(policyVersions)
    .innerJoin(policies, eq(policies.id, policyVersions.policyId))
    .where(isNull(policyVersions.publishedAt))
  const made = await db
    .select({ id: releases.desktopId, name: desktops.name, serial: releases.serial, sha256: releases.sha256 })
    .from(releases)
    .innerJoin(desktops, eq(desktops.id, releases.desktopId))
    .where(isNull(releases.publishedAt))
  return [
    ...sealed.map(({ id, name, version, sha256 }) => ({
      ...{ role: 'packages' as const, path: `packages/${name}/${version}.json`, sha256 },
      mark: async (tx: Transaction, publishedAt: Date) => await tx.update(packages).set({ publishedAt }).where(eq(packages.id, id)),
    })),
    ...written.map(({ id, name, version, sha256 }) => ({
      ...{ role: 'policies' as const, path: `policies/${name}/${version}.json`, sha256 },
      mark: async (tx: Transaction, publishedAt: Date) =>
        await tx
          .update(policyVersions)
          .set({ publishedAt })
          .where(and(eq(policyVersions.policyId, id), eq(policyVersions.version, version))),
    })),
    ...made.map(({ id, name, serial, sha256 }) => ({
      ...{ role: 'releases' as const, path: `releases/${name}/${serial}.json`, sha256 },
      mark: async (tx: Transaction, publishedAt: Date) =>
        await tx
          .update(releases)
          .set({ publishedAt })
          .where(and(eq(releases.desktopId, id), eq(releases.serial, serial))),
    })),
  ]
}
