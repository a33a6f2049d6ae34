// SPDX-License-Identifier: Apache-2.0
//
// Whose word an organisation takes for a TPM: certificates of those who issue endorsement certificates. None: no device is taken for one with
// a TPM. What was verified at an enrolment stays, whatever is changed here later.
import { createHash, X509Certificate } from 'node:crypto'
import { type Operator, requireRight } from '../access/actor.ts'
import { appendAudit } from '../audit/append.ts'
import type { Transaction } from '../db/database.ts'
import { and, eq } from '../db/drizzle.ts'
import { ConsoleError } from '../error.ts'
import type { Console } from '../organisation/console.ts'

export interface TpmAuthorityView {
  readonly sha256: string
  readonly subject: string
  /** Unix seconds. */
  readonly expires: number
}

export async function listTpmAuthorities(actor: Operator, { db }: Console): Promise<readonly TpmAuthorityView[]> {
  requireRight(actor, 'device:see')
  return (await readTpmAuthorities(db, actor.organisation)).map(viewOf)
}

/** One that is there already stays. @param pem one X.509 certificate @throws ConsoleError `input-invalid` */
export async function addTpmAuthority(actor: Operator, { db, now }: Console, pem: string): Promise<TpmAuthorityView> {
  requireRight(actor, 'tpm-authority:manage')
  const certificate = readAuthority(pem)
  const view = viewOf(certificate)
  await db.transaction(async (tx) => {
    const row = { organisationId: actor.organisation, sha256: view.sha256, certificate: new Uint8Array(certificate.raw) }
    await tx
      .insert(tx.tables.tpmAuthorities)
      .values({ ...row, addedAt: new Date(now() * 1000) })
      .onConflictDoNothing()
    await appendAudit(tx, actor, now(), { action: 'tpm-authority.added', subject: view.sha256, details: { subject: view.subject } })
  })
  return view
}

/** @throws ConsoleError `not-found` */
export async function removeTpmAuthority(actor: Operator, { db, now }: Console, sha256: string): Promise<void> {
  requireRight(actor, 'tpm-authority:manage')
  await db.transaction(async (tx) => {
    const { tpmAuthorities } = tx.tables
    const place = and(eq(tpmAuthorities.organisationId, actor.organisation), eq(tpmAuthorities.sha256, sha256))
    const [found] = await tx.select({ sha256: tpmAuthorities.sha256 }).from(tpmAuthorities).where(place)
    if (found === undefined) throw new ConsoleError('not-found', `there is no TPM authority \`${sha256}\``)
    await tx.delete(tpmAuthorities).where(place)
    await appendAudit(tx, actor, now(), { action: 'tpm-authority.removed', subject: sha256 })
  })
}

/** For the console's own verification. */
export async function readTpmAuthorities(db: Transaction, organisation: string): Promise<readonly X509Certificate[]> {
  const { tpmAuthorities } = db.tables
  const rows = await db.select().from(tpmAuthorities).where(eq(tpmAuthorities.organisationId, organisation)).orderBy(tpmAuthorities.sha256)
  return rows.map(({ certificate }) => new X509Certificate(certificate))
}

function readAuthority(pem: string): X509Certificate {
  if ((pem.match(/-----BEGIN CERTIFICATE-----/g) ?? []).length !== 1) throw new ConsoleError('input-invalid', 'expected one certificate as PEM')
  let certificate: X509Certificate
  try {
    certificate = new X509Certificate(pem)
  } catch (cause) {
    throw new ConsoleError('input-invalid', 'expected one certificate as PEM', { cause })
  }
  if (!certificate.ca) throw new ConsoleError('input-invalid', 'expected the certificate of an authority, found one that may not issue others')
  return certificate
}

function viewOf({ raw, subject, validToDate }: X509Certificate): TpmAuthorityView {
  const sha256 = createHash('sha256').update(raw).digest('hex')
  return { sha256, subject: subject.replaceAll('\n', ', '), expires: Math.floor(validToDate.getTime() / 1000) }
}
