// SPDX-License-Identifier: Apache-2.0
//
// What waits for approval, as whoever approves it sees it: the exact bytes, every new document checked against its hash in them, and what
// changes against the published one.
import { z } from 'zod'
import { checkShown } from '../src/approvals/check-waiting.ts'
import { PublishError } from '../src/publish/error.ts'
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
export async function readWaiting(
  data: string,
  role: string,
): Promise<{ readonly raw: object; readonly read: Waiting; readonly signed: Uint8Array }> {
  const { raw, read } = await callOperator(data, 'read-pending', { role }, waiting)
  return { raw, read, signed: await checkWaiting(read) }
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
export async function checkWaiting(read: Waiting): Promise<Uint8Array> {
  try {
    return (await checkShown(read)).bytes
  } catch (error) {
    if (error instanceof PublishError && error.code === 'pending-altered') throw new AdminError('refused', error.code, error.message)
    throw error
  }
}
