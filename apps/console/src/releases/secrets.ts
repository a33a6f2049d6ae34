// SPDX-License-Identifier: Apache-2.0
//
// Secrets of a desktop: what its packages' customization files ask for by name. Kept sealed under the organisation's key (nonce of 12 bytes |
// AES-256-GCM | tag), bound to desktop and name; they leave the console inside a lease only, encrypted to one activated device.
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'
import { type DesktopSecrets, desktopSecrets as secretsSchema } from '@casemate/policy/package-key'
import { type Operator, requireRight } from '../access/actor.ts'
import { appendAudit } from '../audit/append.ts'
import type { Transaction } from '../db/database.ts'
import { and, eq } from '../db/drizzle.ts'
import { listRows } from '../devices/device-row.ts'
import { noteChange } from '../devices/note-change.ts'
import { ConsoleError } from '../error.ts'
import type { Console } from '../organisation/console.ts'
import { requireDesktop } from './assign.ts'
import { assignedDesktops } from './assigned.ts'

const nonceBytes = 12
const tagBytes = 16

/**
 * Replaces the value that was; null takes the secret away. Instances that were filled keep what they were given.
 * @throws ConsoleError `not-found` (the desktop), `input-invalid`
 */
export async function setDesktopSecret(actor: Operator, console: Console, desktop: string, name: string, value: string | null): Promise<void> {
  requireRight(actor, 'activation:set')
  const { db, now, waiting } = console
  const concerned = await db.transaction(async (tx) => {
    const { desktopSecrets } = tx.tables
    const desktopId = await requireDesktop(tx, actor.organisation, desktop)
    const { [name]: _, ...others } = await readDesktopSecrets(tx, console, desktopId)
    if (!secretsSchema.safeParse(value === null ? others : { ...others, [name]: value }).success) {
      throw new ConsoleError(
        'input-invalid',
        'expected a name of letters, digits and `-`, 1 to 1024 characters, and about 7000 in all secrets of a desktop',
      )
    }
    await tx.delete(desktopSecrets).where(and(eq(desktopSecrets.desktopId, desktopId), eq(desktopSecrets.name, name)))
    if (value !== null) {
      const sealed = seal(console, desktopId, name, value)
      await tx.insert(desktopSecrets).values({ desktopId, name, sealed, createdAt: new Date(now() * 1000) })
    }
    await appendAudit(tx, actor, now(), {
      action: value === null ? 'desktop-secret.removed' : 'desktop-secret.set',
      subject: desktop,
      details: { name },
    })
    const devices: string[] = []
    for (const device of await listRows(tx, actor.organisation)) if ((await assignedDesktops(tx, device)).includes(desktop)) devices.push(device.id)
    await noteChange(tx, devices)
    return devices
  })
  for (const device of concerned) waiting.wake(device)
}

/** @throws ConsoleError `data-invalid` */
export async function readDesktopSecrets(db: Transaction, console: Pick<Console, 'keys'>, desktopId: string): Promise<DesktopSecrets> {
  const { desktopSecrets } = db.tables
  const rows = await db.select().from(desktopSecrets).where(eq(desktopSecrets.desktopId, desktopId))
  return Object.fromEntries(rows.map(({ name, sealed }) => [name, open(console, desktopId, name, sealed)]))
}

function seal({ keys, random }: Pick<Console, 'keys' | 'random'>, desktopId: string, name: string, value: string): Uint8Array {
  const nonce = random(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', keyOf(keys.organisation), nonce, { authTagLength: tagBytes }).setAAD(boundTo(desktopId, name))
  return new Uint8Array(Buffer.concat([nonce, cipher.update(value, 'utf8'), cipher.final(), cipher.getAuthTag()]))
}

function open({ keys }: Pick<Console, 'keys'>, desktopId: string, name: string, sealed: Uint8Array): string {
  try {
    const decipher = createDecipheriv('aes-256-gcm', keyOf(keys.organisation), sealed.subarray(0, nonceBytes), { authTagLength: tagBytes })
    decipher.setAAD(boundTo(desktopId, name)).setAuthTag(sealed.subarray(-tagBytes))
    return Buffer.concat([decipher.update(sealed.subarray(nonceBytes, -tagBytes)), decipher.final()]).toString()
  } catch (cause) {
    throw new ConsoleError('data-invalid', `secret \`${name}\` of a desktop is not as it was kept`, { cause })
  }
}

const keyOf = (organisation: Uint8Array): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', organisation, new Uint8Array(0), 'casemate-desktop-secret-v1', 32))
const boundTo = (desktopId: string, name: string): Buffer => Buffer.from(`${desktopId}|${name}`)
