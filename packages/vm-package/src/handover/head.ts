// SPDX-License-Identifier: Apache-2.0
//
// `handover.json`, the first file of a hand-over (docs/package-format.md, "By hand").
import { hash } from 'node:crypto'
import { z } from 'zod'
import { parseStrictJson } from '../strict-json.ts'
import { invalid } from './refusal.ts'

const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const form = z.strictObject({
  format: z.literal('casemate-handover-1'),
  desktop: z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/),
  serial: z.int().min(1),
  /** Path of the release among the targets. */
  release: z.string().max(200),
  /** Of the manifest. */
  package: sha256,
  objects: z.strictObject({
    count: z.int().min(1),
    /** See {@link objectsDigest}. */
    sha256,
  }),
})

export type HandoverHead = z.infer<typeof form>

export const headFile = 'handover.json'

/** @throws PackageError `handover-invalid` */
export function parseHead(bytes: Uint8Array): HandoverHead {
  try {
    return form.parse(parseStrictJson(bytes, 65_536))
  } catch (cause) {
    throw invalid(`its \`${headFile}\` cannot be read`, cause)
  }
}

/** @param objects names, in any order. */
export function formatHead({ objects, ...about }: Omit<HandoverHead, 'format' | 'objects'> & { readonly objects: readonly string[] }): Uint8Array {
  const head: HandoverHead = { format: 'casemate-handover-1', ...about, objects: { count: objects.length, sha256: objectsDigest(objects) } }
  return Buffer.from(`${JSON.stringify(head, null, 2)}\n`)
}

/** SHA-256 in hex of the names in their order, each with a line feed. */
export function objectsDigest(names: Iterable<string>): string {
  const lines = [...names].sort().map((name) => `${name}\n`)
  return hash('sha256', lines.join(''), 'hex')
}
