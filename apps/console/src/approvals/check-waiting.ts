// SPDX-License-Identifier: Apache-2.0
//
// For whoever signs, in a browser or at a command line: the bytes to sign, once it is certain that what is shown is what they name. What
// the console says beside them is checked against them, or not used.
import { sha256Hex } from '@casemate/policy/sha256'
import { parseStrictJson } from '@casemate/policy/strict-json'
import { z } from 'zod'
import { PublishError } from '../publish/error.ts'
import { limits } from '../publish/limits.ts'
import { type RootSigned, signedSchemas, type TargetsSigned } from '../publish/metadata.ts'

interface NamedBytes {
  readonly path: string
  /** Base64. */
  readonly bytes: string
}

export interface ShownVersion {
  readonly role: string
  /** Base64. */
  readonly bytes: string
  readonly sha256: string
  readonly added: readonly { readonly path: string }[]
  readonly targets: readonly (NamedBytes & { readonly former: NamedBytes | null })[]
}

export interface CheckedVersion {
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Parsed from `bytes`. */
  readonly signed: RootSigned | TargetsSigned
}

/** @throws PublishError `pending-altered` where what would be shown is not what the bytes name. */
export async function checkShown({ bytes, sha256, added, targets, role }: ShownVersion): Promise<CheckedVersion> {
  const content = fromBase64(bytes)
  if ((await sha256Hex(content)) !== sha256) throw altered(`the waiting version of \`${role}\` has another SHA-256 than the console says`)
  const signed = readSigned(role, content)
  if (!belongsTo(role, signed)) throw altered(`the bytes that would be signed are not those of a version of \`${role}\``)
  const named = signed._type === 'targets' ? signed.targets : {}
  const hidden = added.find(({ path }) => !targets.some((target) => target.path === path))
  if (hidden !== undefined) throw altered(`the bytes of \`${hidden.path}\` are not there to be shown`)
  const isNamed = async ({ path, bytes: text }: NamedBytes) => (await sha256Hex(fromBase64(text))) === named[path]?.hashes.sha256
  for (const target of targets) {
    if (!(await isNamed(target))) throw altered(`the bytes of \`${target.path}\` are not those that would be signed`)
    const { former } = target
    // What it is compared with stands in the same list, signed before and to be signed again.
    if (former === null || (folderOf(former.path) === folderOf(target.path) && (await isNamed(former)))) continue
    throw altered(`\`${former.path}\`, with which \`${target.path}\` is compared, is no approved document of that name`)
  }
  return { bytes: content, signed }
}

function readSigned(role: string, bytes: Uint8Array): RootSigned | TargetsSigned {
  const read = z.union([signedSchemas.root, signedSchemas.targets]).safeParse(parseStrictJson(bytes, { maxBytes: limits.targets, maxDepth: 8 }))
  if (!read.success) throw altered(`expected metadata of \`${role}\`: ${z.prettifyError(read.error)}`)
  return read.data
}

/** A signature counts for whatever its bytes say: shown under another role's name, they would pass for something smaller. */
function belongsTo(role: string, signed: RootSigned | TargetsSigned): boolean {
  if (signed._type === 'root' || role === 'root') return signed._type === role
  if (role === 'targets') return signed.delegations !== undefined
  return signed.delegations === undefined && Object.keys(signed.targets).every((path) => path.startsWith(`${role}/`))
}

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/'))
const fromBase64 = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))
const altered = (message: string): PublishError => new PublishError('pending-altered', message)
