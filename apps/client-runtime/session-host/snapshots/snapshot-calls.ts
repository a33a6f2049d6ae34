// SPDX-License-Identifier: Apache-2.0
//
// The control door's calls about snapshots.
import type { Context, Hono } from 'hono'
import { z } from 'zod'
import { snapshotId, snapshotName } from '../../local-api.ts'
import { answered, withBody } from '../door-answer.ts'
import type { Session } from '../session.ts'
import { SnapshotError } from './error.ts'

const taking = z.strictObject({ name: snapshotName, now: z.int().min(0) })
const renaming = z.strictObject({ name: snapshotName })

export function serveSnapshots(app: Hono, session: Session): void {
  app.get('/snapshots', (context) => answered(context, async () => list(session)))
  app.post('/snapshots', (context) =>
    withBody(context, taking, async ({ name, now }) => {
      const id = await session.withSnapshots(({ vm, snapshots }) => {
        if (session.state !== 'running') throw new SnapshotError('snapshot-not-now', `a session that is \`${session.state}\` has no snapshot taken`)
        return snapshots.take(session.plan, vm, name, now)
      })
      session.events.add('snapshot-taken', { snapshot: id })
      return list(session)
    }),
  )
  app.put('/snapshots/:id', (context) =>
    withBody(context, renaming, async ({ name }) => {
      await session.withSnapshots(({ snapshots }) => snapshots.rename(session.plan, idOf(context), name))
      return list(session)
    }),
  )
  app.delete('/snapshots/:id', (context) =>
    answered(context, async () => {
      await session.withSnapshots(({ snapshots }) => snapshots.delete(session.plan, idOf(context)))
      session.events.add('snapshot-deleted', { snapshot: idOf(context) })
      return list(session)
    }),
  )
  app.post('/snapshots/:id/revert', (context) =>
    answered(context, async () => {
      await session.revert(idOf(context))
      return session.view()
    }),
  )
  app.get('/snapshots/:id/thumbnail', (context) =>
    answered(context, async () => {
      const png = await session.withSnapshots(({ snapshots }) => snapshots.thumbnail(idOf(context)))
      return { png: png === null ? null : Buffer.from(png).toString('base64') }
    }),
  )
}

const list = (session: Session) => session.withSnapshots(({ snapshots }) => snapshots.list(session.plan))

function idOf(context: Context): string {
  const id = snapshotId.safeParse(context.req.param('id'))
  if (!id.success) throw new SnapshotError('snapshot-unknown', 'there is no such snapshot')
  return id.data
}
