// SPDX-License-Identifier: Apache-2.0
//
// What waits for approval, as whoever approves it sees it: the exact bytes, every new document checked against its hash in them, and what
// changes against the published one.
import { createHash } from 'node:crypto'
import { posix } from 'node:path'
import { parseStrictJson } from '@casemate/policy/strict-json'
import { z } from 'zod'
import { limits } from '../src/publish/limits.ts'
import { signedSchemas } from '../src/publish/metadata.ts'
import { AdminError } from './error.ts'
import { callOperator } from './operator-call.ts'
import { renderChange, renderDocument } from './render-document.ts'

export const waiting = z.object({
  role: z.string(),
  version: z.number(),
  author: z.string(),
  bytes: z.base64(),
  sha256: z.string(),
  added: z.array(z.object({ path: z.string(), sha256: z.string() })),
  removed: z.array(z.object({ path: z.string() })),
  targets: z.array(z.object({ path: z.string(), bytes: z.base64(), former: z.object({ path: z.string(), bytes: z.base64() }).nullable() })),
})

export type Waiting = z.infer<typeof waiting>

/** @returns what was read, and the bytes to sign. @throws AdminError `pending-altered` where what would be shown is not what they name. */
export async function readWaiting(data: string, role: string): Promise<{ readonly raw: object; readonly read: Waiting; readonly signed: Buffer }> {
  const { raw, read } = await callOperator(data, 'read-pending', { role }, waiting)
  return { raw, read, signed: checkWaiting(read) }
}

/** @param whole every new document as it stands, instead of what changes in it. */
export function describeWaiting({ role, version, author, removed, targets }: Waiting, whole: boolean): readonly string[] {
  return [
    `${role} ${version}, by ${author}`,
    ...removed.map(({ path }) => `- ${path}`),
    ...targets.flatMap(({ path, bytes, former }) => {
      const content = Buffer.from(bytes, 'base64')
      const against = whole || former === null ? null : { path: former.path, bytes: Buffer.from(former.bytes, 'base64') }
      const lines = against === null ? renderDocument(path, content) : renderChange(path, against.bytes, content)
      return [`+ ${path}${against === null ? '' : `, against ${against.path}`}`, ...lines.map((line) => `    ${line}`)]
    }),
  ]
}

/** The bytes to sign, once it is certain that what will be shown is what they name. @throws AdminError `pending-altered` */
export function checkWaiting({ bytes, sha256, added, targets, role }: Waiting): Buffer {
  const signed = Buffer.from(bytes, 'base64')
  if (digest(signed) !== sha256) throw altered(`the waiting version of \`${role}\` has another SHA-256 than the console says`)
  const content = z.union([signedSchemas.root, signedSchemas.targets]).safeParse(parseStrictJson(signed, { maxBytes: limits.targets, maxDepth: 8 }))
  if (!content.success) throw altered(`expected metadata of \`${role}\`: ${z.prettifyError(content.error)}`)
  const named = content.data._type === 'targets' ? content.data.targets : {}
  const hidden = added.find(({ path }) => !targets.some((target) => target.path === path))
  if (hidden !== undefined) throw altered(`the bytes of \`${hidden.path}\` are not there to be shown`)
  const isNamed = (path: string, content: string) => digest(Buffer.from(content, 'base64')) === named[path]?.hashes.sha256
  for (const { path, bytes: shown, former } of targets) {
    if (!isNamed(path, shown)) throw altered(`the bytes of \`${path}\` are not those that would be signed`)
    // What it is compared with stands in the same list, signed before and to be signed again.
    if (former === null || (posix.dirname(former.path) === posix.dirname(path) && isNamed(former.path, former.bytes))) continue
    throw altered(`\`${former.path}\`, with which \`${path}\` is compared, is no approved document of that name`)
  }
  return signed
}

const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
const altered = (message: string): AdminError => new AdminError('refused', 'pending-altered', message)
