// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { closedPlan, type LaunchPlan, launchPlan } from '@casemate/policy/launch-plan'
import { expect, it, onTestFinished } from 'vitest'
import { BootRecord } from '../session-host/boot-record.ts'
import { openControlDoor } from '../session-host/control-door.ts'
import { EventLog } from '../session-host/event-log.ts'
import { Session } from '../session-host/session.ts'
import { LIMITS, Watch } from '../session-host/watch.ts'
import { Watermarks } from '../session-host/watermarks.ts'

const marks = new Watermarks({ device: 'd1', user: null })

const plan: LaunchPlan = launchPlan.parse({
  ...closedPlan,
  ...{ session: 's1', instance: 'i1', desktop: 'demo', package: { name: 'demo', version: '1', sha256: '0'.repeat(64) } },
  ...{ engine: 'v86', memoryMiB: 64, exit: 'user' },
})

async function openDoor(record: BootRecord | null): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'control-'))
  const session = new Session(plan, () => Promise.reject(new Error('it is never opened')), new EventLog())
  const socket = join(folder, 'control.sock')
  const viewer = { viewer: 'http://127.0.0.1:1', viewerToken: 'token' }
  const close = await openControlDoor({ session, watch: new Watch(session, LIMITS, () => 0), viewer, marks, record, socket })
  onTestFinished(async () => {
    await close()
    await rm(folder, { recursive: true })
  })
  return socket
}

async function ask(socketPath: string, path: string): Promise<[status: number | undefined, body: unknown]> {
  const call = request({ socketPath, path, agent: false }).end()
  const { promise, resolve, reject } = Promise.withResolvers<[number | undefined, unknown]>()
  call.on('error', reject).on('response', (answer) => json(answer).then((body) => resolve([answer.statusCode, body]), reject))
  return await promise
}

it('tells how far the boot is that it records, and refuses where none is recorded', async () => {
  const record = new BootRecord(() => 7)
  record.add(0, 0)
  expect(await ask(await openDoor(record), '/record')).toEqual([200, { chunks: 1, quietMs: 0 }])
  expect(await ask(await openDoor(null), '/record')).toEqual([404, expect.objectContaining({ code: 'not-recorded' })])
})

it('says that nothing is used while no VM is there', async () => {
  expect(await ask(await openDoor(null), '/stats')).toEqual([200, null])
})
