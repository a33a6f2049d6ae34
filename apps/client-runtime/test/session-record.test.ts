// SPDX-License-Identifier: Apache-2.0
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { closedPlan, launchPlan } from '@casemate/policy/launch-plan'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { listSessions, type SessionRecord, writeSession } from '../daemon/sessions/session-record.ts'
import { type Layout, layoutOf } from '../layout.ts'

let folder: string
let layout: Layout
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sessions-'))
  layout = layoutOf(folder)
  await mkdir(layout.sessions, { recursive: true })
})
afterEach(() => rm(folder, { recursive: true }))

const plan = launchPlan.parse({
  ...closedPlan,
  ...{ session: 's1', instance: 'i1', desktop: 'demo', package: { name: 'demo', version: '1', sha256: '0'.repeat(64) } },
  ...{ engine: 'v86', memoryMiB: 64 },
})
const record: SessionRecord = {
  ...{ format: 'casemate-session-2', session: 's1', instance: 'i1', desktop: 'demo', serial: 1, releaseSha256: '0'.repeat(64), plan, planVersion: 1 },
  ...{ startedAt: 1_800_000_000, eventSeq: 0, state: 'running', ended: false, reasons: [], waiting: [], warned: false, blocked: null },
}

it('reads what it wrote, passes over what a runtime before an update wrote, and refuses what is neither', async () => {
  await writeSession(layout, record)
  const { powerCommands: _, ...earlier } = plan
  await writeFile(layout.session('s0'), JSON.stringify({ ...record, format: 'casemate-session-1', session: 's0', plan: earlier }))
  expect(await listSessions(layout)).toEqual([record])
  expect(dirname(layout.session('s0'))).toBe(layout.sessions)
  await writeFile(layout.session('s0'), JSON.stringify({ ...record, session: 's0', plan: earlier }))
  await expect(listSessions(layout)).rejects.toMatchObject({ code: 'state-altered' })
})
