// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto'
import { packageManifestPath } from '@casemate/policy/release'
import { unwrapPackageKey } from '@casemate/vm-package/keys'
import { manifestSha256, parseManifest } from '@casemate/vm-package/manifest'
import { type Operator, requireRight } from '../access/actor.ts'
import { stageForApproval } from '../approvals/stage.ts'
import { and, eq } from '../db/drizzle.ts'
import { ConsoleError } from '../error.ts'
import type { Console } from '../organisation/console.ts'

export interface StagedPackage {
  readonly path: string
  readonly sha256: string
}

/**
 * Puts a sealed package forward: its key must be of this organisation and of this manifest, its disks must be in the object store.
 * @throws PackageError `manifest-invalid`, `key-invalid`, `key-refused`; ConsoleError `object-missing`, `exists`; PublishError of staging.
 */
export async function stagePackage(
  actor: Operator,
  console: Console,
  files: { manifest: Uint8Array; sealedKey: Uint8Array; storedBytes?: number },
): Promise<StagedPackage> {
  requireRight(actor, 'package:stage')
  const { db, keys, objects, now } = console
  const { name, version, disks } = parseManifest(files.manifest)
  const sha256 = manifestSha256(files.manifest)
  unwrapPackageKey(keys.organisation, files.sealedKey, sha256)
  for (const disk of disks) {
    if (await objects.has(disk.root)) continue
    throw new ConsoleError('object-missing', `disk \`${disk.name}\`: its root page \`${disk.root}\` is not in the object store`)
  }
  const path = packageManifestPath(name, version)
  const { packages } = db.tables
  const named = and(eq(packages.organisationId, actor.organisation), eq(packages.name, name), eq(packages.version, version))
  const [known] = await db.select({ publishedAt: packages.publishedAt }).from(packages).where(named)
  if (known !== undefined && known.publishedAt !== null) throw new ConsoleError('exists', `package \`${name}\` ${version} is published already`)
  await stageForApproval(actor, console, { role: 'packages', path, bytes: files.manifest, sha256 }, async (tx) => {
    await tx.delete(packages).where(named)
    await tx.insert(packages).values({
      ...{ id: randomUUID(), organisationId: actor.organisation, name, version, sha256 },
      ...{ manifest: files.manifest, sealedKey: files.sealedKey, storedBytes: files.storedBytes ?? null },
      ...{ authorId: actor.user, createdAt: new Date(now() * 1000) },
    })
  })
  return { path, sha256 }
}
