// SPDX-License-Identifier: Apache-2.0
//
// The viewer door: the session's page, its state, its requests and its screen, for the user's browser on this computer.
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { stripTypeScriptTypes } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { getRequestListener } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import { WebSocketServer } from 'ws'
import { type SessionView, sessionRequest } from '../local-api.ts'
import { closeServer } from './close-server.ts'
import { showDisplay } from './display-socket.ts'
import { checkCall, checkHost, checkUpgrade } from './door.ts'
import type { SerialCapture } from './serial-capture.ts'
import type { Session } from './session.ts'
import type { Watermarks } from './watermarks.ts'

const HERE = import.meta.dirname
const NOVNC = dirname(dirname(fileURLToPath(import.meta.resolve('@novnc/novnc'))))
const POLICY =
  "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

export interface ViewerDoor {
  /** `http://127.0.0.1:<port>` */
  readonly origin: string
  close(): Promise<void>
}

/** What the guest wrote to its ports, as far as the plan has them captured. */
interface CapturedPorts {
  readonly serial: SerialCapture
  readonly parallel: SerialCapture
}

/**
 * @param port 0 for any free one
 * @throws the listen error of node:net, `EADDRINUSE` among them
 */
export async function openViewerDoor(session: Session, ports: CapturedPorts, marks: Watermarks, token: string, port: number): Promise<ViewerDoor> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const origin = originOf(server)
  const app = viewerRoutes(session, ports, token, origin)
  server.on('request', getRequestListener(app.fetch))

  const sockets = new WebSocketServer({ noServer: true, maxPayload: 1_200_000, perMessageDeflate: false, handleProtocols: () => 'binary' })
  server.on('upgrade', (request, socket, head) => {
    const refused = request.url === '/display' ? checkUpgrade(request, origin, token) : 'not-found'
    if (refused !== null) {
      socket.end(`HTTP/1.1 ${refused === 'not-found' ? '404 Not Found' : '403 Forbidden'}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
      return
    }
    sockets.handleUpgrade(request, socket, head, (viewer) => showDisplay(session, marks, viewer))
  })
  const close = async () => {
    for (const viewer of sockets.clients) viewer.terminate()
    await closeServer(server)
  }
  return { origin, close }
}

function originOf(server: Server): string {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the viewer door has no port')
  return `http://127.0.0.1:${address.port}`
}

function viewerRoutes(session: Session, ports: CapturedPorts, token: string, origin: string): Hono {
  const app = new Hono()
  app.use(async (context, next) => {
    if (checkHost(context.req.header('host'), origin) !== null) return context.json({ code: 'host-refused', message: `this door is ${origin}` }, 403)
    await next()
    context.header('content-security-policy', POLICY)
    context.header('x-content-type-options', 'nosniff')
    context.header('referrer-policy', 'no-referrer')
    context.header('cache-control', 'no-store')
    return undefined
  })
  app.get('/', async (context) => context.html(await readFile(join(HERE, 'viewer/session.html'), 'utf8')))
  app.get('/session.css', async (context) =>
    context.body(await readFile(join(HERE, 'viewer/session.css'), 'utf8'), 200, { 'content-type': 'text/css' }),
  )
  app.get('/session.js', async (context) => script(context, stripTypeScriptTypes(await readFile(join(HERE, 'viewer/session.ts'), 'utf8'))))
  app.get('/novnc/:path{(?:core|vendor)/[A-Za-z0-9_/-]+\\.js}', async (context) => {
    return script(context, await readFile(join(NOVNC, context.req.param('path')), 'utf8'))
  })

  const guarded = new Hono()
  guarded.use(async (context, next) => {
    const { origin: from, authorization } = context.req.header()
    const refused = checkCall({ origin: from, authorization }, origin, token)
    if (refused !== null) return context.json({ code: refused, message: 'this call needs the token of the session' }, 403)
    return next()
  })
  guarded.get('/session', (context) => context.json(session.view() satisfies SessionView))
  guarded.get('/serial', (context) => context.body(Buffer.from(ports.serial.bytes()).toString('latin1')))
  guarded.get('/parallel', (context) => context.body(Buffer.from(ports.parallel.bytes()).toString('latin1')))
  guarded.post('/requests/:request', async (context) => {
    const request = sessionRequest.safeParse(context.req.param('request'))
    if (!request.success) return context.json({ code: 'request-unknown', message: 'there is no such request' }, 404)
    if (!session.requests.includes(request.data)) {
      return context.json(
        { code: 'request-refused', message: `a session that is \`${session.state}\` does not take \`${request.data}\` under its policy` },
        409,
      )
    }
    await session.ask(request.data)
    return context.json(session.view())
  })
  app.route('/', guarded)
  return app
}

function script(context: Context, text: string): Response {
  return context.body(text, 200, { 'content-type': 'text/javascript' })
}
