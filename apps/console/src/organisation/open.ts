// SPDX-License-Identifier: Apache-2.0
//
// Opens an organisation's folder with its passphrase. The database comes first: it is what keeps a second process out.
import { hkdfSync, type KeyObject, randomBytes } from 'node:crypto'
import { access, mkdir, readFile } from 'node:fs/promises'
import { openKey, type SealedSecret } from '@casemate/policy/sealed-key'
import { ed25519Signer } from '@casemate/policy/signer'
import type { Signer as TokenSigner } from '@casemate/policy/token'
import { openFolderStore } from '@casemate/vm-package/store'
import { derivePassphraseKey } from '../access/derive-passphrase-key.ts'
import type { Database } from '../db/database.ts'
import { openDatabase } from '../db/sqlite/open-database.ts'
import { WaitingDevices } from '../devices/waiting.ts'
import { ConsoleError } from '../error.ts'
import { folderStore } from '../publish/folder-store.ts'
import { PublishedVersions } from '../releases/published-versions.ts'
import type { Console } from './console.ts'
import { type ConsoleLayout, consoleLayout } from './layout.ts'
import { roleSigner } from './new-keys.ts'
import { openTlsKey } from './tls-key.ts'

export interface OpenConsole extends Console {
  readonly layout: ConsoleLayout
  readonly tls: { readonly key: KeyObject; readonly certificate: string }
  /** From the organisation's row. */
  readonly address: string | null
  readonly devicePort: number | null
  /** Encrypts the cookies of web sessions; changes with the organisation's chunk key only. */
  readonly cookieSecret: string
  /** Folder of the demo guest's images; null: none at hand. */
  readonly demoGuest: string | null
  /** Aborted when the console closes, for what runs beside it. */
  readonly closing: AbortSignal
}

/**
 * @param now Unix seconds.
 * @throws ConsoleError `data-invalid`; DatabaseError `database-owned` and others; PolicyError `sealed-key-*`; PublishError of reading.
 */
export async function openConsole(
  data: string,
  passphrase: string,
  { now, demoGuest, closing }: { readonly now: () => number; readonly demoGuest: string | null; readonly closing: AbortSignal },
): Promise<OpenConsole> {
  const layout = consoleLayout(data)
  await required(layout.key('online'))
  const db = await openDatabase({ file: layout.database })
  try {
    const [online, chunk, helpDesk] = await Promise.all([
      openSealed(layout.key('online'), 'online-key', passphrase),
      openSealed(layout.key('chunk'), 'chunk-key', passphrase),
      openHelpDesk(layout.key('help-desk'), passphrase),
    ])
    const { signer } = await ed25519Signer(online)
    const repository = folderStore(layout.repository)
    await mkdir(layout.disks, { recursive: true, mode: 0o700 })
    const { address, devicePort, ...organisation } = await readOrganisation(db)
    return {
      db,
      organisation,
      address,
      devicePort,
      repository,
      published: await PublishedVersions.read(repository),
      objects: await openFolderStore(layout.objects),
      keys: { tokens: signer, roles: roleSigner(online), helpDesk, organisation: chunk.secret },
      waiting: new WaitingDevices(),
      now: () => Math.floor(now()),
      random: (length) => new Uint8Array(randomBytes(length)),
      layout,
      ...{ demoGuest, closing },
      cookieSecret: Buffer.from(hkdfSync('sha256', chunk.secret, '', 'casemate web session 1', 32)).toString('base64url'),
      tls: { key: openTlsKey(await required(layout.tlsKey), online.seed), certificate: await required(layout.tlsCertificate) },
    }
  } catch (error) {
    await db.close()
    throw error
  }
}

async function openSealed<K extends SealedSecret['kind']>(path: string, kind: K, passphrase: string) {
  return await openKey(await required(path), passphrase, { kind, derive: derivePassphraseKey })
}

/** Null where an organisation has none here: one that is older than overrides, or whose help desk signs elsewhere. */
async function openHelpDesk(path: string, passphrase: string): Promise<TokenSigner | null> {
  const missing = await access(path).then(
    () => false,
    (error: unknown) => error instanceof Error && 'code' in error && error.code === 'ENOENT',
  )
  return missing ? null : (await ed25519Signer(await openSealed(path, 'help-desk-key', passphrase))).signer
}

async function required(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new ConsoleError('data-invalid', `expected the file \`${path}\` of an organisation made by \`casemate-admin init\``, { cause })
  }
}

async function readOrganisation(db: Database) {
  const { organisations } = db.tables
  const [found, second] = await db.select().from(organisations).limit(2)
  if (found === undefined || second !== undefined) throw new ConsoleError('data-invalid', 'expected one organisation in the database')
  const { id, name, contact, leaseSeconds, address, devicePort } = found
  return { id, title: name, contact, leaseSeconds, address, devicePort }
}
