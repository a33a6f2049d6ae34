// SPDX-License-Identifier: Apache-2.0
//
// An auditor's checks: of a copy of the repository against heads that were kept, and of a proof against them without any copy.
import { isConsistent, isIncluded } from '@casemate/policy/merkle-tree'
import { PublishError } from '../publish/error.ts'
import { sha256Of } from '../publish/repository.ts'
import { type RepositoryStore, targetFile } from '../publish/store.ts'
import type { LogHead, LogProof } from './documents.ts'
import { leafOf } from './entries.ts'
import { checkPrefix, type Log, openLog } from './prove.ts'

/**
 * That every logged document is there as it was published, and that the log begins with that of each head.
 * @throws PublishError `repository-missing`, `repository-invalid`, `log-inconsistent`
 */
export async function verifyRepository(store: RepositoryStore, heads: readonly LogHead[]): Promise<Log> {
  const log = await openLog(store)
  for (const head of heads) await checkPrefix(log, head)
  for (const { change, path, sha256 } of log.entries) {
    if (change === 'removed') continue
    const bytes = await store.read(targetFile(path, sha256))
    if (bytes === undefined || sha256Of(bytes) !== sha256) {
      throw new PublishError('repository-invalid', `\`${path}\` is not there as it was published`)
    }
  }
  return log
}

/**
 * @param heads that the auditor kept: the proof's own must be among them.
 * @throws PublishError `log-inconsistent` for a proof between other heads; `log-proof-invalid` for one that proves nothing.
 */
export async function verifyProof(proof: LogProof, heads: readonly LogHead[]): Promise<void> {
  const wanted = proof.kind === 'inclusion' ? [proof.head] : [proof.first, proof.head]
  if (!wanted.every((head) => heads.some((kept) => sameHead(kept, head)))) {
    throw new PublishError('log-inconsistent', 'the proof is for other heads of the log than those given')
  }
  if (!(await holds(proof))) throw new PublishError('log-proof-invalid', 'the proof does not prove what it says')
}

async function holds(proof: LogProof): Promise<boolean> {
  const path = proof.proof.map(bytesOf)
  if (proof.kind === 'inclusion') {
    const { index, head, entry } = proof
    return await isIncluded(await leafOf(entry), { index, size: head.size, proof: path, root: bytesOf(head.root) })
  }
  const { first, head } = proof
  return first.origin === head.origin && (await isConsistent(treeOf(first), treeOf(head), path))
}

const bytesOf = (hash: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(hash, 'hex'))
const treeOf = ({ size, root }: LogHead) => ({ size, root: bytesOf(root) })
const sameHead = (one: LogHead, other: LogHead) => one.origin === other.origin && one.size === other.size && one.root === other.root
