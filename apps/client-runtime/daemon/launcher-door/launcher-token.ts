// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { readState, writeState } from '../state-file.ts'

const record = z.strictObject({ format: z.literal('casemate-launcher-token-1'), token: z.base64url().length(43) })

/** Of this data folder, so that a page goes on after the daemon was started again. @throws RuntimeError `state-altered` */
export async function launcherToken(path: string): Promise<string> {
  const kept = await readState(path, record)
  if (kept !== undefined) return kept.token
  const token = randomBytes(32).toString('base64url')
  await writeState(path, { format: 'casemate-launcher-token-1', token })
  return token
}
