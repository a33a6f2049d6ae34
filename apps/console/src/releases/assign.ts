// SPDX-License-Identifier: Apache-2.0
import { type Operator, requireRight } from '../access/actor.ts'
import { appendAudit } from '../audit/append.ts'
import type { Transaction } from '../db/database.ts'
import { and, eq } from '../db/drizzle.ts'
import { type DeviceRow, listRows } from '../devices/device-row.ts'
import { noteChange } from '../devices/note-change.ts'
import { ConsoleError } from '../error.ts'
import type { Console } from '../organisation/console.ts'

export interface Assignee {
  readonly subject: 'all' | 'device' | 'user' | 'group' | 'tag'
  /** Empty for `all`. */
  readonly value: string
}

export interface Assigned {
  /** Ids of the devices that it concerns now. */
  readonly devices: readonly string[]
}

/**
 * Gives a desktop to whom it may concern; again the same does nothing.
 * @throws ConsoleError `not-found` (desktop, or the device that is named)
 */
export async function assignDesktop(actor: Operator, console: Console, desktop: string, assignee: Assignee): Promise<Assigned> {
  requireRight(actor, 'desktop:assign')
  return await change(actor, console, desktop, assignee, 'desktop.assigned', async (tx, desktopId) => {
    const createdAt = new Date(console.now() * 1000)
    await tx
      .insert(tx.tables.assignments)
      .values({ desktopId, ...assignee, createdAt })
      .onConflictDoNothing()
  })
}

/** @throws as {@link assignDesktop} */
export async function unassignDesktop(actor: Operator, console: Console, desktop: string, { subject, value }: Assignee): Promise<Assigned> {
  requireRight(actor, 'desktop:assign')
  return await change(actor, console, desktop, { subject, value }, 'desktop.unassigned', async (tx, desktopId) => {
    const { assignments } = tx.tables
    await tx.delete(assignments).where(and(eq(assignments.desktopId, desktopId), eq(assignments.subject, subject), eq(assignments.value, value)))
  })
}

async function change(
  actor: Operator,
  { db, waiting, now }: Console,
  desktop: string,
  assignee: Assignee,
  action: string,
  write: (tx: Transaction, desktopId: string) => Promise<void>,
): Promise<Assigned> {
  const touched = await db.transaction(async (tx) => {
    const desktopId = await requireDesktop(tx, actor.organisation, desktop)
    const concerned = (await listRows(tx, actor.organisation)).filter((device) => concerns(assignee, device)).map(({ id }) => id)
    if (assignee.subject === 'device' && concerned.length === 0) throw new ConsoleError('not-found', `there is no device \`${assignee.value}\``)
    await write(tx, desktopId)
    await noteChange(tx, concerned)
    await appendAudit(tx, actor, now(), { action, subject: desktop, details: { ...assignee } })
    return concerned
  })
  for (const device of touched) waiting.wake(device)
  return { devices: touched }
}

function concerns({ subject, value }: Assignee, { id, claims }: DeviceRow): boolean {
  switch (subject) {
    case 'all':
      return true
    case 'device':
      return id === value
    case 'user':
      return claims.user === value
    case 'group':
      return claims.groups.includes(value)
    case 'tag':
      return claims.tags.includes(value)
  }
}

/** @throws ConsoleError `not-found` */
export async function requireDesktop(db: Transaction, organisation: string, name: string): Promise<string> {
  const { desktops } = db.tables
  const [found] = await db
    .select({ id: desktops.id })
    .from(desktops)
    .where(and(eq(desktops.organisationId, organisation), eq(desktops.name, name)))
  if (found === undefined) throw new ConsoleError('not-found', `there is no desktop \`${name}\``)
  return found.id
}
