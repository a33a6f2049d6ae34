// SPDX-License-Identifier: Apache-2.0
import { PublishError } from './error.ts'
import type { TargetsRole, TargetsSigned } from './metadata.ts'
import { sha256Of } from './repository.ts'
import { pendingTargetFile, type RepositoryStore, targetFile } from './store.ts'

export type Write = (name: string, bytes: Uint8Array) => Promise<void>

/**
 * Runs an act that writes new files; when it fails, they are removed again.
 * @param act writes through its argument, and only files that were not there.
 */
export async function takingBack(store: RepositoryStore, act: (write: Write) => Promise<void>): Promise<void> {
  const written: string[] = []
  try {
    await act(async (name, bytes) => {
      written.push(name)
      await store.write(name, bytes)
    })
  } catch (error) {
    await Promise.allSettled(written.map((name) => store.remove(name)))
    throw error
  }
}

/**
 * Writes the targets that `after` has and `before` had not.
 * @throws PublishError `pending-altered` when their bytes are not the ones that were approved.
 */
export async function putTargets(
  store: RepositoryStore,
  role: TargetsRole,
  after: TargetsSigned,
  before: TargetsSigned | undefined,
  write: Write,
): Promise<void> {
  for (const [path, { hashes }] of Object.entries(after.targets)) {
    const name = targetFile(path, hashes.sha256)
    if (before?.targets[path]?.hashes.sha256 === hashes.sha256) continue
    // Published once under this path and content, before a removal: it is still there.
    const kept = await store.read(name)
    if (kept !== undefined && sha256Of(kept) === hashes.sha256) continue
    const bytes = await store.read(pendingTargetFile(role, hashes.sha256))
    if (bytes === undefined || sha256Of(bytes) !== hashes.sha256) {
      throw new PublishError(
        'pending-altered',
        `expected the bytes of \`${path}\` with SHA-256 \`${hashes.sha256}\`, found ${bytes === undefined ? 'none' : 'others'}`,
      )
    }
    await write(name, bytes)
  }
}
