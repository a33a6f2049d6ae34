// SPDX-License-Identifier: Apache-2.0
import { askedSecrets, fetchTemplate } from '@casemate/vm-package/customization'
import { PackageError } from '@casemate/vm-package/error'
import { unwrapPackageKey } from '@casemate/vm-package/keys'
import { openManifest } from '@casemate/vm-package/manifest'
import { type Operator, requireRight } from '../access/actor.ts'
import { and, desc, eq, isNotNull } from '../db/drizzle.ts'
import type { Console } from '../organisation/console.ts'
import { requireDesktop } from './assign.ts'

export interface DesktopSecretView {
  readonly name: string
  /** By the package of the newest published release. */
  readonly asked: boolean
  /** Unix seconds; null: not set. */
  readonly setAt: number | null
}

export interface ListedSecrets {
  /** By name, never with a value: what the package asks for, and what is set. */
  readonly secrets: readonly DesktopSecretView[]
  /** Whether the package's customization files could be read; if not, what they ask for is not known. */
  readonly readable: boolean
}

/** @throws ConsoleError `not-found` (the desktop) */
export async function listDesktopSecrets(actor: Operator, console: Console, desktop: string): Promise<ListedSecrets> {
  requireRight(actor, 'catalogue:see')
  const { db } = console
  const desktopId = await requireDesktop(db, actor.organisation, desktop)
  const { desktopSecrets } = db.tables
  const rows = await db
    .select({ name: desktopSecrets.name, createdAt: desktopSecrets.createdAt })
    .from(desktopSecrets)
    .where(eq(desktopSecrets.desktopId, desktopId))
  const set = new Map(rows.map(({ name, createdAt }) => [name, Math.floor(createdAt.getTime() / 1000)]))
  const asked = await readAsked(console, desktopId)
  const names = [...new Set([...(asked ?? []), ...set.keys()])].sort()
  return {
    secrets: names.map((name) => ({ name, asked: asked?.includes(name) ?? false, setAt: set.get(name) ?? null })),
    readable: asked !== null,
  }
}

/** Null: the files are not here as they were sealed. */
async function readAsked({ db, keys, objects }: Console, desktopId: string): Promise<readonly string[] | null> {
  const { releases, packages } = db.tables
  const [newest] = await db
    .select({ manifest: packages.manifest, sealedKey: packages.sealedKey, sha256: packages.sha256 })
    .from(releases)
    .innerJoin(packages, eq(packages.id, releases.packageId))
    .where(and(eq(releases.desktopId, desktopId), isNotNull(releases.publishedAt)))
    .orderBy(desc(releases.serial))
    .limit(1)
  if (newest === undefined) return []
  try {
    const { customization } = openManifest(newest.manifest, newest.sha256)
    if (customization === undefined) return []
    const packageKey = unwrapPackageKey(keys.organisation, newest.sealedKey, newest.sha256)
    return askedSecrets((await fetchTemplate(objects, customization.sha256, packageKey)).files)
  } catch (error) {
    if (error instanceof PackageError) return null
    throw error
  }
}
