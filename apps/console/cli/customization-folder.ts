// SPDX-License-Identifier: Apache-2.0
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { encodeTemplate, mostFileBytes } from '@casemate/vm-package/customization'
import { PackageError } from '@casemate/vm-package/error'
import { AdminError } from './error.ts'
import { readSmallFile } from './files.ts'

/**
 * Every file of a folder, in the order of their names, as a package carries them.
 * @throws PackageError `customization-invalid`; AdminError of reading.
 */
export async function readCustomization(folder: string): Promise<Uint8Array> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    throw new AdminError('environment', 'file-unreadable', `the folder \`${folder}\` cannot be read`, cause)
  })
  const files = []
  for (const entry of entries.sort((one, other) => (one.name < other.name ? -1 : 1))) {
    const path = join(folder, entry.name)
    if (!entry.isFile()) throw new PackageError('customization-invalid', `\`${path}\` is no file`)
    files.push({ name: entry.name, text: textOf(path, await readSmallFile(path, mostFileBytes)) })
  }
  return encodeTemplate(files)
}

function textOf(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new PackageError('customization-invalid', `\`${path}\`: expected UTF-8, found other bytes`, cause)
  }
}
