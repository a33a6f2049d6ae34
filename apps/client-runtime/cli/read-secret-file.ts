// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises'
import { CliError } from './error.ts'

/** One line out of a file; null where no file is named. @throws CliError `file-unreadable` */
export async function readSecretFile(path: string | undefined): Promise<string | null> {
  if (path === undefined) return null
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new CliError('environment', 'file-unreadable', error instanceof Error ? error.message : String(error))
  })
  const line = text.replace(/\r?\n$/, '')
  if (line === '' || line.includes('\n')) throw new CliError('usage', 'file-invalid', `\`${path}\`: expected one line`)
  return line
}
