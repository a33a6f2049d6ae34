// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises'
import { CliError } from './error.ts'

/** @throws CliError `file-unreadable` */
export async function readShareFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new CliError('environment', 'file-unreadable', error instanceof Error ? error.message : String(error))
  }
}
