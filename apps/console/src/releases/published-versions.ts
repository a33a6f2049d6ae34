// SPDX-License-Identifier: Apache-2.0
import { readRepository } from '../publish/repository.ts'
import type { RepositoryStore } from '../publish/store.ts'

export interface Versions {
  readonly root: number
  readonly snapshot: number
  readonly timestamp: number
}

/** The versions of TUF metadata that are out, kept at hand: every lease names them and every check-in compares them. */
export class PublishedVersions {
  readonly #store: RepositoryStore
  #versions: Versions

  private constructor(store: RepositoryStore, versions: Versions) {
    this.#store = store
    this.#versions = versions
  }

  /** @throws PublishError `repository-missing`, `repository-invalid`, `metadata-invalid`. */
  static async read(store: RepositoryStore): Promise<PublishedVersions> {
    return new PublishedVersions(store, await versionsIn(store))
  }

  get current(): Versions {
    return this.#versions
  }

  /** After every publication. @throws as {@link read} */
  async refresh(): Promise<void> {
    this.#versions = await versionsIn(this.#store)
  }
}

async function versionsIn(store: RepositoryStore): Promise<Versions> {
  const { root, snapshot, timestamp } = await readRepository(store)
  return {
    root: root.document.signed.version,
    snapshot: snapshot.document.signed.version,
    timestamp: timestamp.document.signed.version,
  }
}
