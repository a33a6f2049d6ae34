// SPDX-License-Identifier: Apache-2.0
//
// Scripts as a package carries them: sealed like everything else of it. Policies say which of them a device runs, and when (PO-20).
import { hash, hkdfSync } from 'node:crypto'
import { z } from 'zod'
import { encrypt, tagBytes } from '../chunk/cipher.ts'
import { openSealed } from '../chunk/open.ts'
import { PackageError } from '../error.ts'
import type { ObjectSource } from '../store/object-store.ts'
import { parseStrictJson } from '../strict-json.ts'

export const mostScriptBytes = 65_536
const mostScripts = 16
/** Of the document: every byte of a script may be six in JSON. */
const mostBytes = 8_388_608

/** As policies name them. */
export const scriptName = z.string().regex(/^[a-z0-9](?:[a-z0-9.-]{0,62}[a-z0-9])?$/, 'expected a name of lower-case letters, digits, `.` and `-`')

const script = z.strictObject({
  name: scriptName,
  text: z
    .string()
    .refine((text) => /^#!\/[^\n]{1,126}\n/.test(text), 'expected a first line `#!` that names the interpreter by its whole path')
    .refine((text) => !text.includes('\0'), 'expected no zero byte')
    .refine((text) => Buffer.byteLength(text) <= mostScriptBytes, `expected at most ${mostScriptBytes} bytes`),
})

const document = z.strictObject({
  format: z.literal('casemate-scripts-1'),
  scripts: z
    .array(script)
    .min(1)
    .max(mostScripts)
    .refine(
      (scripts) => scripts.every(({ name }, at) => at === 0 || name > (scripts[at - 1]?.name ?? '')),
      'expected scripts in the order of names, each once',
    ),
})

export type PackageScript = z.infer<typeof script>

/** In the manifest: none, or the names and the object that holds them. */
export const scriptsField = z.union([
  z.tuple([]),
  z.strictObject({ names: z.array(scriptName).min(1).max(mostScripts), sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
])
type ScriptsField = Exclude<z.infer<typeof scriptsField>, readonly []>

/** @throws PackageError `scripts-invalid` */
function parseScripts(bytes: Uint8Array): readonly PackageScript[] {
  try {
    return document.parse(parseStrictJson(bytes, mostBytes)).scripts
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : cause instanceof PackageError ? cause.message : 'it cannot be read'
    throw new PackageError('scripts-invalid', `the scripts are refused: ${why}`, cause)
  }
}

/** One object for the same scripts, whatever their order. @throws PackageError `scripts-invalid` */
export function sealScripts(packageKey: Uint8Array, scripts: readonly PackageScript[]): { readonly field: ScriptsField; readonly bytes: Buffer } {
  const ordered = scripts.map(({ name, text }) => ({ name, text })).sort((one, other) => (one.name < other.name ? -1 : 1))
  const bytes = Buffer.from(JSON.stringify({ format: 'casemate-scripts-1', scripts: ordered }))
  parseScripts(bytes)
  const object = encrypt('scripts', scriptsKey(packageKey), bytes)
  return { field: { names: ordered.map(({ name }) => name), sha256: hash('sha256', object, 'hex') }, bytes: object }
}

/**
 * @param field as the manifest has it; what is found must have these names
 * @throws PackageError `scripts-missing`, `scripts-altered`, `scripts-invalid`; what the store throws
 */
export async function fetchScripts(
  source: Pick<ObjectSource, 'get'>,
  field: ScriptsField,
  packageKey: Uint8Array,
): Promise<readonly PackageScript[]> {
  const name = field.sha256
  const object = await source.get(name, mostBytes + tagBytes)
  if (object === null) throw new PackageError('scripts-missing', `the scripts \`${name}\` cannot be had`, undefined, { object: name })
  // Its length is not known beforehand; its name covers it.
  const scripts = parseScripts(openSealed('scripts', object, { name, key: scriptsKey(packageKey), storedLength: object.length }))
  if (scripts.map((one) => one.name).join() === field.names.join()) return scripts
  throw new PackageError('scripts-invalid', 'the scripts are refused: expected those that the manifest names, found others')
}

/** Of one document: the nonce is fixed. */
export function scriptsKey(packageKey: Uint8Array): Buffer {
  return Buffer.from(hkdfSync('sha256', packageKey, Buffer.alloc(0), 'casemate-scripts-v1', 32))
}
