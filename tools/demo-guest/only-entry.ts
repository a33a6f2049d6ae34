// SPDX-License-Identifier: Apache-2.0
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { DemoGuestError } from './error.ts'

/** The one path in an unpacked package whose version is not known. @throws DemoGuestError `download-failed` */
export async function onlyEntry(folder: string, pattern: RegExp): Promise<string> {
  const names = (await readdir(folder)).filter((name) => pattern.test(name))
  const [name] = names
  if (name === undefined || names.length > 1)
    throw new DemoGuestError('download-failed', `\`${folder}\` should hold one ${pattern}, found ${names.length}`)
  return join(folder, name)
}
