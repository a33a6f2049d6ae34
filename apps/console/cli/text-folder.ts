// SPDX-License-Identifier: Apache-2.0
//
// Folders whose files a package carries whole, as text.
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { encodeTemplate, mostFileBytes } from '@casemate/vm-package/customization'
import { PackageError } from '@casemate/vm-package/error'
import { mostScriptBytes, type PackageScript } from '@casemate/vm-package/scripts'
import { AdminError } from './error.ts'
import { readSmallFile } from './files.ts'

/**
 * Every file of a folder as files of the customization medium.
 * @throws PackageError `customization-invalid`; AdminError of reading
 */
export async function readCustomization(folder: string): Promise<Uint8Array> {
  return encodeTemplate(await readTexts(folder, mostFileBytes, 'customization-invalid'))
}

/**
 * Every file of a folder as a script under the file's name.
 * @throws PackageError `scripts-invalid`; AdminError of reading
 */
export async function readScripts(folder: string): Promise<readonly PackageScript[]> {
  return await readTexts(folder, mostScriptBytes, 'scripts-invalid')
}

/** In the order of their names. */
async function readTexts(folder: string, mostBytes: number, code: 'customization-invalid' | 'scripts-invalid') {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    throw new AdminError('environment', 'file-unreadable', `the folder \`${folder}\` cannot be read`, cause)
  })
  const files = []
  for (const entry of entries.sort((one, other) => (one.name < other.name ? -1 : 1))) {
    const path = join(folder, entry.name)
    if (!entry.isFile()) throw new PackageError(code, `\`${path}\` is no file`)
    const bytes = await readSmallFile(path, mostBytes)
    try {
      files.push({ name: entry.name, text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) })
    } catch (cause) {
      throw new PackageError(code, `\`${path}\`: expected UTF-8, found other bytes`, cause)
    }
  }
  return files
}
