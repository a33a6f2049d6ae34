// SPDX-License-Identifier: Apache-2.0
//
// The launcher's door: its page, and the daemon's calls, for the user's browser on this computer. It asks and shows; every rule is kept
// behind the calls.
import { createServer, type Server } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { checkCall, checkHost } from '../../session-host/door.ts'
import { RuntimeError } from '../error.ts'
import { type DaemonCalls, serveCalls } from '../local-door/serve-calls.ts'
import { servePage } from './serve-page.ts'

const POLICY =
  "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

export interface LauncherDoor {
  readonly server: Server
  /** `http://127.0.0.1:<port>/#token=<token>` */
  readonly address: string
}

export interface LauncherDoorOptions {
  /** 0 for any free one. */
  readonly port: number
  /** Any free one where `port` is taken. */
  readonly orAnother: boolean
  readonly token: string
}

/** @throws RuntimeError `port-taken`; the listen error of node:net. */
export async function openLauncherDoor(calls: DaemonCalls, { port, orAnother, token }: LauncherDoorOptions): Promise<LauncherDoor> {
  const server = createServer()
  await listen(server, port).catch((error: unknown) => {
    if (!isTaken(error)) throw error
    if (orAnother) return listen(server, 0)
    throw new RuntimeError('port-taken', `port ${port} of 127.0.0.1 is taken by another program; choose another one with \`--launcher-port\``, {
      cause: error,
    })
  })
  const origin = originOf(server)
  server.on('request', getRequestListener(routes(calls, origin, token).fetch))
  return { server, address: `${origin}/#token=${token}` }
}

function routes(calls: DaemonCalls, origin: string, token: string): Hono {
  const app = new Hono()
  app.use(async (context, next) => {
    if (checkHost(context.req.header('host'), origin) !== null) return context.json(refusal('host-refused', `this door is ${origin}`), 403)
    await next()
    context.header('content-security-policy', POLICY)
    context.header('x-content-type-options', 'nosniff')
    context.header('referrer-policy', 'no-referrer')
    context.header('cache-control', 'no-store')
    return undefined
  })
  servePage(app)
  const guarded = new Hono()
  guarded.use(async (context, next) => {
    const { origin: from, authorization } = context.req.header()
    const refused = checkCall({ origin: from, authorization }, origin, token)
    if (refused !== null) return context.json(refusal(refused, 'this call needs the token of the launcher'), 403)
    return next()
  })
  serveCalls(guarded, calls)
  app.route('/', guarded)
  return app
}

const refusal = (code: string, message: string) => ({ error: { code, message, reasons: [] } })

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
}

function originOf(server: Server): string {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the launcher door has no port')
  return `http://127.0.0.1:${address.port}`
}
