// SPDX-License-Identifier: Apache-2.0
import { readdir } from 'node:fs/promises'
import { launchPlan } from '@casemate/policy/launch-plan'
import { instant, sha256Text, slug } from '@casemate/policy/names'
import { reasonCodes } from '@casemate/policy/reason'
import { z } from 'zod'
import type { Layout } from '../../layout.ts'
import { blockedReason, sessionState } from '../../local-api.ts'
import { readState, writeState } from '../state-file.ts'

export const reasonView = z.strictObject({
  code: z.enum(reasonCodes),
  sentence: z.string(),
  nextStep: z.string(),
  whomToAsk: z.enum(['help-desk', 'administrator', 'nobody']),
})

/** What a restarted daemon needs to attach again, and what is said of a session that is over. Holds no secret. */
export const sessionRecord = z.strictObject({
  format: z.literal('casemate-session-2'),
  session: slug,
  instance: slug,
  desktop: slug,
  /** Of the release under which it was decided last. */
  serial: z.int().min(1),
  releaseSha256: sha256Text,
  /** In force; rises with each change. */
  plan: launchPlan,
  planVersion: z.int().min(1),
  startedAt: instant,
  /** Of the session host, as far as they are in the journal. */
  eventSeq: z.int().min(0),
  state: sessionState,
  ended: z.boolean(),
  /** Why the daemon ended it. */
  reasons: z.array(reasonView),
  /** What takes effect at the next start. */
  waiting: z.array(z.string()),
  warned: z.boolean(),
  blocked: blockedReason.nullable(),
})

export type SessionRecord = z.infer<typeof sessionRecord>

const ofEarlierVersion = z.looseObject({ format: z.literal('casemate-session-1') })
const stored = z.discriminatedUnion('format', [sessionRecord, ofEarlierVersion])

export async function writeSession(layout: Layout, record: SessionRecord): Promise<void> {
  await writeState(layout.session(record.session), record)
}

/**
 * A session that a runtime before an update began is not taken up again: without a daemon its host pauses and then suspends it.
 * @throws RuntimeError `state-altered`
 */
export async function listSessions(layout: Layout): Promise<readonly SessionRecord[]> {
  const names = await readdir(layout.sessions).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  })
  const ids = names.flatMap((name) => /^([a-z0-9-]+)\.json$/.exec(name)?.[1] ?? [])
  const records = await Promise.all(ids.map((id) => readState(layout.session(id), stored)))
  return records.filter((record) => record?.format === 'casemate-session-2').sort((one, other) => one.startedAt - other.startedAt)
}
