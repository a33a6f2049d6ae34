// SPDX-License-Identifier: Apache-2.0
//
// A new organisation in a folder of its own: sealed keys, TUF repository, database, TLS. It is made aside and renamed, so that the
// folder is whole or not there.
import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { type KeyPurpose, keyListPath } from '@casemate/policy/key-list'
import type { Argon2idParams } from '@casemate/policy/passphrase'
import { ed25519Signer } from '@casemate/policy/signer'
import { appendAudit } from '../audit/append.ts'
import { openDatabase } from '../db/sqlite/open-database.ts'
import { ConsoleError } from '../error.ts'
import { createRepository } from '../publish/create.ts'
import { folderStore } from '../publish/folder-store.ts'
import { publish } from '../publish/publish.ts'
import { reviewPending } from '../publish/review.ts'
import { signPending } from '../publish/sign.ts'
import { stageTargets } from '../publish/stage-targets.ts'
import { syncFolder } from '../sync-folder.ts'
import { pinOf, selfSignedCertificate } from './certificate.ts'
import { type ConsoleLayout, consoleLayout } from './layout.ts'
import { localOperator } from './local-operator.ts'
import { newKeyPair, roleSigner, sealSecret } from './new-keys.ts'
import { newTlsKey } from './tls-key.ts'

export interface NewOrganisation {
  readonly data: string
  readonly id: string
  readonly title: string
  /** Whom a blocked user is told to ask. */
  readonly contact: string
  /** Origin under which devices reach the console; null: the device door's own address. */
  readonly address: string | null
  readonly leaseSeconds: number
  readonly passphrase: string
  /** Of each guess of the passphrase; what is recommended without it. */
  readonly passphraseCost?: Argon2idParams
  /** Unix seconds. */
  readonly now: number
  readonly random: (length: number) => Uint8Array
}

export interface CreatedOrganisation {
  readonly folder: string
  /** Of the device door's TLS key. */
  readonly pin: string
}

/** @throws ConsoleError `data-exists` */
export async function createOrganisation(wanted: NewOrganisation): Promise<CreatedOrganisation> {
  const folder = resolve(wanted.data)
  await refuseUsed(folder)
  await mkdir(dirname(folder), { recursive: true })
  const aside = join(dirname(folder), `.${randomUUID()}.part`)
  try {
    const pin = await fill(consoleLayout(aside), wanted)
    await rename(aside, folder)
    await syncFolder(dirname(folder))
    return { folder, pin }
  } catch (error) {
    await rm(aside, { recursive: true, force: true })
    throw error
  }
}

async function fill(layout: ConsoleLayout, wanted: NewOrganisation): Promise<string> {
  const { passphrase, passphraseCost, now } = wanted
  for (const path of [layout.folder, dirname(layout.key('root')), dirname(layout.tlsKey), layout.objects]) await mkdir(path, { mode: 0o700 })
  const keys = { root: newKeyPair('approver-key'), targets: newKeyPair('approver-key'), approver: newKeyPair('approver-key') }
  const online = newKeyPair('online-key')
  const helpDesk = newKeyPair('help-desk-key')
  const chunk = { kind: 'chunk-key' as const, secret: new Uint8Array(wanted.random(32)) }
  for (const [name, secret] of Object.entries({ ...keys, online, 'help-desk': helpDesk, chunk })) {
    await writeSecret(join(dirname(layout.key('root')), `${name}.key`), await sealSecret(secret, passphrase, passphraseCost))
  }
  await createTrust(layout, keys, { online, helpDesk }, now)
  const tls = newTlsKey(online.seed)
  await writeSecret(layout.tlsKey, tls.pem)
  const host = wanted.address === null ? '127.0.0.1' : new URL(wanted.address).hostname
  await writeSecret(layout.tlsCertificate, selfSignedCertificate(tls.key, host, new Date(now * 1000)))
  await createRecords(layout, wanted)
  return pinOf(tls.key)
}

type Pair = ReturnType<typeof newKeyPair>

/** Root and targets of one key each; approvers of one key, threshold 1: single-operator custody. */
async function createTrust(
  layout: ConsoleLayout,
  { root, targets, approver }: { readonly root: Pair; readonly targets: Pair; readonly approver: Pair },
  { online, helpDesk }: { readonly online: Pair; readonly helpDesk: Pair },
  now: number,
): Promise<void> {
  const store = folderStore(layout.repository)
  const held = (pair: Pair) => ({ keys: [{ keyId: pair.keyId, publicKey: pair.publicKey, holder: localOperator.name }], threshold: 1 })
  const ofConsole = { keys: [{ keyId: online.keyId, publicKey: online.publicKey }], threshold: 1 }
  const options = { online: [roleSigner(online)], now }
  const approvers = { packages: held(approver), policies: held(approver), releases: held(approver) }
  await createRepository(
    store,
    {
      author: localOperator.name,
      keys: { root: held(root), targets: held(targets), snapshot: ofConsole, timestamp: ofConsole },
      delegations: approvers,
      offline: [roleSigner(root), roleSigner(targets)],
    },
    options,
  )
  const add = [await keyList('online', online), await keyList('help-desk', helpDesk)]
  await stageTargets(store, { role: 'targets', author: localOperator.name, now, add })
  const { sha256 } = await reviewPending(store, 'targets')
  await signPending(store, 'targets', sha256, roleSigner(targets))
  await publish(store, options)
}

/** The approved list of one key. */
async function keyList(purpose: KeyPurpose, pair: Pair): Promise<{ readonly path: string; readonly bytes: Uint8Array }> {
  const { publicJwk, signer } = await ed25519Signer(pair)
  const list = { format: 'casemate-keys-1', purpose, keys: [{ kid: signer.kid, jwk: publicJwk }] }
  return { path: keyListPath(purpose), bytes: new TextEncoder().encode(JSON.stringify(list)) }
}

async function createRecords(layout: ConsoleLayout, { id, title, contact, address, leaseSeconds, now }: NewOrganisation): Promise<void> {
  const db = await openDatabase({ file: layout.database })
  try {
    const createdAt = new Date(now * 1000)
    await db.transaction(async (tx) => {
      const { organisations, users } = tx.tables
      await tx.insert(organisations).values({ id, name: title, contact, custody: 'single-operator', address, leaseSeconds, createdAt })
      // No password opens this one: the local operator is whoever may open the operator door's socket.
      const operator = { id: localOperator.user, organisationId: id, login: localOperator.name, name: 'Local operator', passwordHash: '!' }
      await tx.insert(users).values({ ...operator, roles: ['administrator'], createdAt })
      await appendAudit(tx, localOperator.of(id), now, { action: 'organisation.created', subject: id, details: { custody: 'single-operator' } })
    })
  } finally {
    await db.close()
  }
}

async function refuseUsed(folder: string): Promise<void> {
  const found = await readdir(folder).catch((error: unknown) =>
    error instanceof Error && 'code' in error && error.code === 'ENOENT' ? [] : Promise.reject(error),
  )
  if (found.length > 0) throw new ConsoleError('data-exists', `\`${folder}\` is there already and not empty; nothing is written over it`)
}

async function writeSecret(path: string, text: string): Promise<void> {
  await writeFile(path, text, { mode: 0o600, flag: 'wx', flush: true })
}
