// SPDX-License-Identifier: Apache-2.0
import type { OfflineRole } from './metadata.ts'
import { removePending } from './pending.ts'
import type { RepositoryStore } from './store.ts'

/** Forgets the waiting version of a role, its signatures and its new targets; nothing to do when none waits. */
export async function withdraw(store: RepositoryStore, role: OfflineRole): Promise<void> {
  await store.exclusively(() => removePending(store, role))
}
