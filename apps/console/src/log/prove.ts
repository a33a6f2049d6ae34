// SPDX-License-Identifier: Apache-2.0
import { consistencyProof, inclusionProof, rootOf } from '@casemate/policy/merkle-tree'
import { PublishError } from '../publish/error.ts'
import { sha256Of } from '../publish/repository.ts'
import { type RepositoryStore, roleFile } from '../publish/store.ts'
import type { LogHead, LogProof } from './documents.ts'
import { type LogEntry, leafOf, readLog } from './entries.ts'

/** The log as it stands. */
export interface Log {
  readonly head: LogHead
  readonly entries: readonly LogEntry[]
  readonly leaves: readonly Uint8Array<ArrayBuffer>[]
}

const hex = (hash: Uint8Array): string => Buffer.from(hash).toString('hex')

/** @throws PublishError `repository-missing`, `repository-invalid` */
export async function openLog(store: RepositoryStore): Promise<Log> {
  const entries = await readLog(store)
  const first = await store.read(roleFile('root', 1))
  if (first === undefined) throw new PublishError('repository-invalid', 'expected the first root, found nothing')
  const leaves = await Promise.all(entries.map(leafOf))
  const head: LogHead = { format: 'casemate-log-head-1', origin: sha256Of(first), size: leaves.length, root: hex(await rootOf(leaves)) }
  return { head, entries, leaves }
}

/** That what was published last under `path` is in the log. @throws PublishError `log-entry-missing` */
export async function proveEntry({ head, entries, leaves }: Log, path: string): Promise<LogProof> {
  const index = entries.findLastIndex((entry) => entry.path === path)
  const entry = entries[index]
  if (entry === undefined) throw new PublishError('log-entry-missing', `nothing was ever published under \`${path}\``)
  const proof = (await inclusionProof(index, leaves)).map(hex)
  return { format: 'casemate-log-proof-1', kind: 'inclusion', head, entry, index, proof }
}

/** That the log has only been added to since `first`. @throws PublishError `log-inconsistent` where it has not. */
export async function proveSince(log: Log, first: LogHead): Promise<LogProof> {
  await checkPrefix(log, first)
  const proof = (await consistencyProof(first.size, log.leaves)).map(hex)
  return { format: 'casemate-log-proof-1', kind: 'consistency', first, head: log.head, proof }
}

/** @throws PublishError `log-inconsistent` where the log does not begin with that of `first`. */
export async function checkPrefix({ head, leaves }: Log, first: LogHead): Promise<void> {
  if (first.origin !== head.origin) throw new PublishError('log-inconsistent', 'the head is of another organisation')
  if (first.size > leaves.length) throw new PublishError('log-inconsistent', `expected ${first.size} entries or more, found ${leaves.length}`)
  const found = hex(await rootOf(leaves.slice(0, first.size)))
  if (found !== first.root) {
    throw new PublishError(
      'log-inconsistent',
      `the first ${first.size} entries are not those of the head: expected \`${first.root}\`, found \`${found}\``,
    )
  }
}
