// SPDX-License-Identifier: Apache-2.0
import type { Signer as TokenSigner } from '@casemate/policy/token'
import type { ObjectStore } from '@casemate/vm-package/object-store'
import type { Database } from '../db/database.ts'
import type { WaitingDevices } from '../devices/waiting.ts'
import type { Signer as RoleSigner } from '../publish/key.ts'
import type { RepositoryStore } from '../publish/store.ts'
import type { PublishedVersions } from '../releases/published-versions.ts'

/** What the running console holds unlocked. */
export interface ConsoleKeys {
  /** The online key as signer of leases, times and receipts, and of snapshot and timestamp. */
  readonly tokens: TokenSigner
  readonly roles: RoleSigner
  /** Signs overrides; null: the organisation has no such key here. */
  readonly helpDesk: TokenSigner | null
  /** K_org: opens the package keys that are wrapped for devices. */
  readonly organisation: Uint8Array
}

export interface Organisation {
  /** Slug; issuer of everything that is signed. */
  readonly id: string
  readonly title: string
  /** Whom a blocked user is told to ask. */
  readonly contact: string
  readonly leaseSeconds: number
}

/** The one organisation that this process serves, and all that its stores work with. */
export interface Console {
  readonly db: Database
  readonly organisation: Organisation
  readonly repository: RepositoryStore
  readonly published: PublishedVersions
  readonly objects: ObjectStore
  readonly keys: ConsoleKeys
  readonly waiting: WaitingDevices
  /** Unix seconds, whole. */
  readonly now: () => number
  readonly random: (length: number) => Uint8Array<ArrayBuffer>
}
