// SPDX-License-Identifier: Apache-2.0
import { type Operator, requireRight } from '../access/actor.ts'
import { and, eq } from '../db/drizzle.ts'
import { ConsoleError } from '../error.ts'
import type { Console } from '../organisation/console.ts'

/** A package's manifest, and its key as it is kept: sealed under the organisation's chunk key. @throws ConsoleError `not-found` */
export async function readPackage(
  actor: Operator,
  { db }: Console,
  { name, version }: { readonly name: string; readonly version: string },
): Promise<{ readonly manifest: Uint8Array; readonly sealedKey: Uint8Array }> {
  requireRight(actor, 'package:stage')
  const { packages } = db.tables
  const [found] = await db
    .select({ manifest: packages.manifest, sealedKey: packages.sealedKey })
    .from(packages)
    .where(and(eq(packages.organisationId, actor.organisation), eq(packages.name, name), eq(packages.version, version)))
  if (found === undefined) throw new ConsoleError('not-found', `there is no package \`${name}\` ${version}`)
  return found
}
