// SPDX-License-Identifier: Apache-2.0
//
// The control door: a unix socket in the session's private folder (mode 0700), for the daemon alone. Whoever can open the
// socket is the daemon's own user; there is no other check.
import { chmod } from 'node:fs/promises'
import { createServer } from 'node:http'
import { EngineError } from '@casemate/engine/error'
import { launchPlan } from '@casemate/policy/launch-plan'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { z } from 'zod'
import { type BootProgress, type FolderList, mediumChange, sessionRequest, usbChange, type ViewerAddress } from '../local-api.ts'
import type { BootRecord } from './boot-record.ts'
import { closeServer } from './close-server.ts'
import { withBody } from './door-answer.ts'
import { pictureOf } from './picture.ts'
import type { Session } from './session.ts'
import { serveSnapshots } from './snapshots/snapshot-calls.ts'
import type { Watch } from './watch.ts'
import type { Watermarks } from './watermarks.ts'

const LONGEST_POLL_MS = 25_000
const heartbeat = z.strictObject({ now: z.int().min(0) })
const afterQuery = z.coerce.number().int().min(0)

export interface ControlDoor {
  readonly session: Session
  readonly watch: Watch
  readonly viewer: ViewerAddress
  /** Over the pictures that it gives. */
  readonly marks: Watermarks
  /** Null where no boot is recorded. */
  readonly record: BootRecord | null
  readonly socket: string
}

export async function openControlDoor({ session, watch, viewer, marks, record, socket }: ControlDoor): Promise<() => Promise<void>> {
  const app = new Hono()
  app.get('/session', (context) => context.json(session.view()))
  app.get('/observation', (context) => context.json(session.observe()))
  app.get('/stats', async (context) => {
    try {
      return context.json(await session.stats())
    } catch (error) {
      if (error instanceof EngineError) return context.json({ code: error.code, message: error.message }, 503)
      throw error
    }
  })
  app.get('/network', (context) => context.json(session.network()))
  app.get('/viewer', (context) => context.json(viewer))
  app.get('/picture', async (context) => context.json(await pictureOf(session, marks)))
  app.get('/record', (context) =>
    record === null
      ? context.json({ code: 'not-recorded', message: 'this session records no boot' }, 404)
      : context.json(record.progress satisfies BootProgress),
  )
  app.post('/heartbeat', (context) =>
    withBody(context, heartbeat, async ({ now }) => {
      watch.heartbeat(now)
      return session.view()
    }),
  )
  app.put('/plan', async (context) => {
    const plan = launchPlan.safeParse(await context.req.json().catch(() => null))
    if (!plan.success) return context.json({ code: 'body-invalid', message: z.prettifyError(plan.error) }, 400)
    const fixed = ['session', 'instance', 'desktop', 'engine'] as const
    const differs =
      fixed.find((name) => plan.data[name] !== session.plan[name]) ??
      (plan.data.package.sha256 === session.plan.package.sha256 ? undefined : 'package')
    if (differs !== undefined) return context.json({ code: 'plan-foreign', message: `a running session keeps its \`${differs}\`` }, 409)
    await session.replan(plan.data)
    return context.json(session.view())
  })
  app.put('/media', (context) =>
    withBody(context, mediumChange, async ({ drive, path }) => {
      await session.changeMedium(drive, path)
      return session.view()
    }),
  )
  app.put('/usb', (context) =>
    withBody(context, usbChange, async ({ device, attached }) => {
      await session.changeUsb(device, attached)
      return session.view()
    }),
  )
  app.post('/folders', async (context) => {
    const folders = await session.readFolders()
    return context.json(folders === null ? null : ({ folders: [...folders] } satisfies FolderList))
  })
  app.post('/guest-info', async (context) => context.json(await session.readGuestInfo()))
  serveSnapshots(app, session)
  app.get('/events', async (context) => {
    const seq = afterQuery.safeParse(context.req.query('after') ?? '0')
    if (!seq.success) return context.json({ code: 'query-invalid', message: 'after: expected a whole number' }, 400)
    if (session.events.after(seq.data).length === 0) {
      await session.events.next(AbortSignal.any([context.req.raw.signal, AbortSignal.timeout(LONGEST_POLL_MS)]))
    }
    return context.json(session.events.after(seq.data))
  })
  app.post('/requests/:request', async (context) => {
    const request = sessionRequest.safeParse(context.req.param('request'))
    if (!request.success) return context.json({ code: 'request-unknown', message: 'there is no such request' }, 404)
    // The daemon enforces: it may suspend or end a session whatever the user's exit policy says.
    if (request.data === 'suspend' || request.data === 'power-off') await session.close(request.data)
    else if (session.requests.includes(request.data)) await session.ask(request.data)
    else return context.json({ code: 'request-refused', message: `a session that is \`${session.state}\` does not take \`${request.data}\`` }, 409)
    return context.json(session.view())
  })

  const server = createServer(getRequestListener(app.fetch))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(socket, resolve)
  })
  await chmod(socket, 0o600)
  return () => closeServer(server)
}
