// SPDX-License-Identifier: Apache-2.0
//
// The operator door: JSON over HTTP on a unix socket that only the owner of the data folder may open. Who can open it is the local
// operator; there is no other sign-in here.
import { once } from 'node:events'
import { chmod, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { readBody } from '../device-api/read-body.ts'
import type { Operator } from '../src/access/actor.ts'
import { ConsoleError } from '../src/error.ts'
import { type Call, findCall, parseBody } from './call.ts'

export interface OperatorDoor {
  close(): Promise<void>
}

/** Room for a manifest in base64. */
const maxBytes = 4_194_304
/** What a socket's path may have (`sun_path` of Linux, less its end). */
const longestPath = 107

/**
 * The caller owns the data folder already, so a socket that lies there was left by a process that died.
 * @throws ConsoleError `path-too-long`, and Error of listening.
 */
export async function openOperatorDoor(path: string, actor: Operator, calls: Readonly<Record<string, Call>>): Promise<OperatorDoor> {
  if (Buffer.byteLength(path) > longestPath) {
    throw new ConsoleError('path-too-long', `expected at most ${longestPath} bytes for the socket \`${path}\`; choose a shorter data folder`)
  }
  await rm(path, { force: true })
  const app = createOperatorApp(actor, calls)
  const server = createServer(getRequestListener((request) => app.fetch(request), { overrideGlobalObjects: false }))
  server.listen(path)
  await once(server, 'listening')
  // The folder itself is closed to others (0700), so nobody comes between.
  await chmod(path, 0o600)
  return { close: () => closeServer(server) }
}

export function createOperatorApp(actor: Operator, calls: Readonly<Record<string, Call>>): Hono {
  const app = new Hono()
  app.post('/v1/:call', async (context) => {
    const name = context.req.param('call')
    try {
      const act = findCall(calls, name)
      return Response.json(await act(actor, parseBody(await readBody(context.req.raw, maxBytes))))
    } catch (error) {
      return refusal(error)
    }
  })
  app.notFound(() => refusal(new ConsoleError('not-found', 'there is no such call')))
  app.onError(refusal)
  return app
}

/** The operator owns this computer and its data: messages are given whole. */
function refusal(error: unknown): Response {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unexpected'
  const status = code === 'not-found' || code === 'right-missing' ? 404 : code === 'unexpected' ? 500 : 400
  const message = error instanceof Error ? error.message : String(error)
  return Response.json({ error: { code, message } }, { status })
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}
