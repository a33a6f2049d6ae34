// SPDX-License-Identifier: Apache-2.0
//
// The web door: pages by Next, acts and uploads beside it, in one process and on one port. What every request must be, whoever answers it,
// is checked here.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { access } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { listenOn } from '../device-api/listen-on.ts'
import { RateLimit } from '../device-api/rate-limit.ts'
import type { Call } from '../operator-door/call.ts'
import type { Operator } from '../src/access/actor.ts'
import { sessionOperator } from '../src/access/session-operator.ts'
import { type SessionClaims, signIn } from '../src/access/sign-in.ts'
import { signOutEverywhere } from '../src/access/users.ts'
import { ConsoleError } from '../src/error.ts'
import type { OpenConsole } from '../src/organisation/open.ts'
import { type ConsoleCalls, putWebDoor, type WebDoor } from './door.ts'
import { contentPolicy, securityHeaders } from './headers.ts'
import { refuse, serveCall } from './serve-calls.ts'
import { readSessionCookie } from './session-cookie.ts'
import { openUploads } from './uploads.ts'

const folder = join(import.meta.dirname, '..')

/** What is used of Next. Its own types would follow into every program that imports this, where they change those of Node. */
interface Pages {
  prepare(): Promise<void>
  getRequestHandler(): (request: IncomingMessage, response: ServerResponse) => Promise<void>
  close(): Promise<void>
}

type CreatePages = (options: {
  readonly dev: false
  readonly dir: string
  readonly hostname: string
  readonly port: number
  readonly quiet: true
}) => Pages

const loadNext = (): CreatePages => createRequire(import.meta.url)('next')

export interface WebDoorOptions {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** Under which browsers reach the console; null: the address that it listens on. */
  readonly origin: string | null
  readonly calls: ConsoleCalls
}

export interface OpenWebDoor {
  readonly origin: string
  close(): Promise<void>
}

/** @throws ConsoleError `pages-missing` before `turbo run build`, `port-taken`. */
export async function openWebDoor(console: OpenConsole, { host, port, origin: wanted, calls }: WebDoorOptions): Promise<OpenWebDoor> {
  await access(join(folder, '.next/BUILD_ID')).catch((cause: unknown) => {
    throw new ConsoleError('pages-missing', 'the pages are not built: run `npx turbo run build` first', { cause })
  })
  const server = createServer()
  const bound = await listenOn(server, { host, port, door: 'web door' })
  const origin = wanted ?? `http://${host.includes(':') ? `[${host}]` : host}:${bound}`
  const door = makeDoor(console, calls, origin)
  putWebDoor(door)
  // React and Next read this one: the pages are built for production.
  Reflect.set(process.env, 'NODE_ENV', 'production')
  process.env.NEXT_TELEMETRY_DISABLED = '1'
  // Read by next-auth, which knows no other way to be told its public address.
  process.env.NEXTAUTH_URL = origin
  process.env.NEXTAUTH_SECRET = door.cookieSecret
  const pages = loadNext()({ dev: false, dir: folder, hostname: host, port: bound, quiet: true })
  try {
    await pages.prepare()
  } catch (error) {
    putWebDoor(null)
    server.close()
    throw error
  }
  const handle = pages.getRequestHandler()
  const uploads = openUploads(console)
  const actorOf = (request: IncomingMessage) => async (): Promise<Operator> => {
    const session = await readSessionCookie(request, origin, door.cookieSecret)
    if (session === null) throw new ConsoleError('sign-in-needed', 'sign in first')
    return await sessionOperator(console, session)
  }
  server.on('request', (request, response) => {
    answer(request, response).catch((error: unknown) => (response.headersSent ? response.destroy() : refuse(response, error)))
  })
  // Nothing here speaks another protocol; left alone, a browser would wait for ever.
  server.on('upgrade', (_request, socket) => socket.end('HTTP/1.1 426 Upgrade Required\r\nconnection: close\r\n\r\n'))

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const nonce = randomBytes(16).toString('base64')
    for (const [name, value] of Object.entries(securityHeaders(nonce))) response.setHeader(name, value)
    if (request.headers.host !== new URL(origin).host) throw new ConsoleError('origin-refused', `expected the host \`${new URL(origin).host}\``)
    // Only pages of the console itself change anything; reading needs the cookie, which SameSite keeps.
    const reads = request.method === 'GET' || request.method === 'HEAD'
    if (!reads && request.headers.origin !== origin) throw new ConsoleError('origin-refused', `expected the origin \`${origin}\``)
    const { pathname } = new URL(request.url ?? '/', origin)
    const [, name] = /^\/api\/v1\/([a-z-]{1,64})$/.exec(pathname) ?? []
    if (name !== undefined)
      return await serveCall(request, response, { name, calls: calls satisfies Readonly<Record<string, Call>>, actorOf: actorOf(request) })
    if (pathname === '/upload' || pathname.startsWith('/upload/')) return await uploads(request, response, actorOf(request))
    request.headers['x-casemate-address'] = request.socket.remoteAddress ?? ''
    // From here Next takes the nonce of its own scripts.
    request.headers['content-security-policy'] = contentPolicy(nonce)
    request.headers['x-nonce'] = nonce
    await handle(request, response)
  }

  return {
    origin,
    close: async () => {
      putWebDoor(null)
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
      await pages.close()
    },
  }
}

function makeDoor(console: OpenConsole, calls: ConsoleCalls, origin: string): WebDoor {
  const tries = new RateLimit({ burst: 20, perMinute: 10 })
  const operatorOf = (session: SessionClaims) => sessionOperator(console, session)
  return {
    origin,
    cookieSecret: console.cookieSecret,
    // The table's functions answer what their names say; TypeScript cannot follow that through a name.
    call: async (session, name, body) => await Reflect.apply(calls[name], undefined, [await operatorOf(session), body]),
    signIn: async (login, password, address) => {
      const wait = tries.take(address, console.now())
      if (wait > 0) throw new ConsoleError('too-many-tries', `too many tries: wait ${wait} seconds`)
      return await signIn(console, login, password)
    },
    signOut: async (session) => await signOutEverywhere(await operatorOf(session), console),
    holds: async (session) => {
      try {
        await operatorOf(session)
        return true
      } catch (error) {
        if (error instanceof ConsoleError && error.code === 'sign-in-needed') return false
        throw error
      }
    },
  }
}
