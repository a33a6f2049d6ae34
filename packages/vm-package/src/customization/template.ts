// SPDX-License-Identifier: Apache-2.0
//
// Customization files as a package carries them: with placeholders, and sealed like everything else of it. They make the medium that an
// instance finds at its first start. A package holds no secret: those come with a lease, by name.
import { hash, hkdfSync } from 'node:crypto'
import { z } from 'zod'
import { encrypt, tagBytes } from '../chunk/cipher.ts'
import { openSealed } from '../chunk/open.ts'
import { PackageError } from '../error.ts'
import type { ObjectSource } from '../store/object-store.ts'
import { parseStrictJson } from '../strict-json.ts'
import { placeholdersOf } from './placeholders.ts'

export const mostFileBytes = 65_536
const mostFiles = 16
/** Of the document: every byte of a file may be six in JSON. */
const mostBytes = 8_388_608

const file = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'expected a name of 1 to 64 letters, digits, `.`, `_` and `-`, none of the last three first'),
  text: z.string().refine((text) => Buffer.byteLength(text) <= mostFileBytes, `expected at most ${mostFileBytes} bytes`),
})

const template = z.strictObject({
  format: z.literal('casemate-customization-1'),
  files: z
    .array(file)
    .min(1)
    .max(mostFiles)
    .refine((files) => new Set(files.map(({ name }) => name.toLowerCase())).size === files.length, 'expected each file name once, whatever its case')
    .refine(
      (files) => files.some(({ name }) => name === 'user-data') === files.some(({ name }) => name === 'meta-data'),
      'expected `user-data` and `meta-data` together: cloud-init takes neither without the other',
    ),
})

export type CustomizationTemplate = z.infer<typeof template>
export type CustomizationFile = CustomizationTemplate['files'][number]

/** @throws PackageError `customization-invalid` */
export function parseTemplate(bytes: Uint8Array): CustomizationTemplate {
  try {
    const parsed = template.parse(parseStrictJson(bytes, mostBytes))
    for (const one of parsed.files) checkPlaceholders(one)
    return parsed
  } catch (cause) {
    if (cause instanceof PackageError && cause.code === 'customization-invalid') throw cause
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : cause instanceof PackageError ? cause.message : 'it cannot be read'
    throw new PackageError('customization-invalid', `the customization is refused: ${why}`, cause)
  }
}

/** One file by itself; what it must be beside others is not looked at. @throws PackageError `customization-invalid` */
export function checkFile(value: CustomizationFile): void {
  const parsed = file.safeParse(value)
  if (!parsed.success) {
    const why = parsed.error.issues.map(({ message }) => message).join(', ')
    throw new PackageError('customization-invalid', `\`${value.name}\`: ${why}`, parsed.error)
  }
  checkPlaceholders(parsed.data)
}

function checkPlaceholders({ name, text }: CustomizationFile): void {
  try {
    placeholdersOf(text)
  } catch (cause) {
    if (!(cause instanceof PackageError)) throw cause
    throw new PackageError('customization-invalid', `\`${name}\`: ${cause.message}`, cause)
  }
}

/** Names of the secrets that files ask for, each once, in order. @throws PackageError `customization-invalid` */
export function askedSecrets(files: readonly CustomizationFile[]): readonly string[] {
  const asked = files.flatMap(({ text }) => [...placeholdersOf(text).values()].flatMap((one) => (one.kind === 'secret' ? one.name : [])))
  return [...new Set(asked)].sort()
}

/** One text for the same files in the same order. @throws PackageError `customization-invalid` */
export function encodeTemplate(files: readonly CustomizationFile[]): Buffer {
  const bytes = Buffer.from(JSON.stringify({ format: 'casemate-customization-1', files: files.map(({ name, text }) => ({ name, text })) }))
  parseTemplate(bytes)
  return bytes
}

/** @returns the object and its name. */
export function sealTemplate(packageKey: Uint8Array, bytes: Uint8Array): { readonly name: string; readonly bytes: Buffer } {
  const object = encrypt('customization', templateKey(packageKey), bytes)
  return { name: hash('sha256', object, 'hex'), bytes: object }
}

/**
 * @param name as the manifest has it.
 * @throws PackageError `customization-missing`, `customization-altered`, `customization-invalid`; what the store throws.
 */
export async function fetchTemplate(source: ObjectSource, name: string, packageKey: Uint8Array): Promise<CustomizationTemplate> {
  const object = await source.get(name, mostBytes + tagBytes)
  if (object === null) throw new PackageError('customization-missing', `the customization \`${name}\` cannot be had`, undefined, { object: name })
  // Its length is not known beforehand; its name covers it.
  return parseTemplate(openSealed('customization', object, { name, key: templateKey(packageKey), storedLength: object.length }))
}

function templateKey(packageKey: Uint8Array): Buffer {
  return Buffer.from(hkdfSync('sha256', packageKey, Buffer.alloc(0), 'casemate-customization-v1', 32))
}
