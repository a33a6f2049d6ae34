// SPDX-License-Identifier: Apache-2.0
import { generateKeyPairSync, sign } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { createRepository } from '../../src/publish/create.ts'
import { folderStore } from '../../src/publish/folder-store.ts'
import { type HeldKey, keyIdOf, type Signer } from '../../src/publish/key.ts'
import type { OfflineRole } from '../../src/publish/metadata.ts'
import { publish } from '../../src/publish/publish.ts'
import { reviewPending } from '../../src/publish/review.ts'
import type { Delegations, RootKeys } from '../../src/publish/role-keys.ts'
import { signPending } from '../../src/publish/sign.ts'
import { stageTargets } from '../../src/publish/stage-targets.ts'
import type { RepositoryStore } from '../../src/publish/store.ts'

export type Person = HeldKey & Signer

/** A fresh Ed25519 key of `holder`. */
export function person(holder: string): Person {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const raw = new Uint8Array(Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url'))
  return { holder, publicKey: raw, keyId: keyIdOf(raw), sign: (bytes) => new Uint8Array(sign(null, bytes, privateKey)) }
}

export const now = 1_800_000_000
export const text = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))
export const coded = (code: string) => expect.objectContaining({ name: 'PublishError', code })

export async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'casemate-publish-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

export const filesIn = async (folder: string): Promise<readonly string[]> =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort()

/** Root 2 of 3, targets 2 of 2, packages 2 of 2, releases 1 of 2; no policies role. */
export class Organisation {
  readonly ada = person('ada')
  readonly bert = person('bert')
  readonly cleo = person('cleo')
  readonly approverAda = person('ada')
  readonly approverBert = person('bert')
  readonly snapshot = person('console')
  readonly timestamp = person('console')
  readonly online = [this.snapshot, this.timestamp]

  rootKeys(): RootKeys {
    return {
      root: { keys: [this.ada, this.bert, this.cleo], threshold: 2 },
      targets: { keys: [this.ada, this.bert], threshold: 2 },
      snapshot: { keys: [this.snapshot], threshold: 1 },
      timestamp: { keys: [this.timestamp], threshold: 1 },
    }
  }

  delegations(): Delegations {
    const keys = [this.approverAda, this.approverBert]
    return { packages: { keys, threshold: 2 }, releases: { keys, threshold: 1 } }
  }

  async create(store: RepositoryStore, offline: readonly Signer[] = [this.ada, this.bert], at = now) {
    const first = { author: 'ada', keys: this.rootKeys(), delegations: this.delegations(), offline }
    return await createRepository(store, first, { online: this.online, now: at })
  }

  async approve(store: RepositoryStore, role: OfflineRole, ...signers: readonly Signer[]): Promise<void> {
    const { sha256 } = await reviewPending(store, role)
    for (const signer of signers) await signPending(store, role, sha256, signer)
  }

  async publish(store: RepositoryStore, at = now) {
    return await publish(store, { online: this.online, now: at })
  }

  /** Stages, approves and publishes one package version. */
  async release(store: RepositoryStore, path: string, bytes: Uint8Array, at = now) {
    await stageTargets(store, { role: 'packages', author: 'ada', now: at, add: [{ path, bytes }] })
    await this.approve(store, 'packages', this.approverAda, this.approverBert)
    return await this.publish(store, at)
  }
}

export async function organisation(): Promise<{ org: Organisation; store: RepositoryStore; folder: string }> {
  const folder = await freshFolder()
  const [org, store] = [new Organisation(), folderStore(folder)]
  await org.create(store)
  return { org, store, folder }
}
