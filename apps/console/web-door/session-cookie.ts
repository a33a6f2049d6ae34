// SPDX-License-Identifier: Apache-2.0
//
// The session of a request that does not go through Next: the same cookie, opened with the same secret.
import type { IncomingMessage } from 'node:http'
import { createRequire } from 'node:module'
import { z } from 'zod'
import type { SessionClaims } from '../src/access/sign-in.ts'

/** Without its types, as with Next's: they would change those of Node for whoever imports this. */
const { decode }: { decode(given: { readonly token: string; readonly secret: string }): Promise<unknown> } = createRequire(import.meta.url)(
  'next-auth/jwt',
)

const claims = z.object({ sub: z.string(), generation: z.int() })

/** Null: no cookie, or one that is not of this console or has run out. */
export async function readSessionCookie(request: IncomingMessage, origin: string, secret: string): Promise<SessionClaims | null> {
  const name = origin.startsWith('https:') ? '__Secure-next-auth.session-token' : 'next-auth.session-token'
  const token = cookies(request.headers.cookie ?? '').get(name)
  if (token === undefined) return null
  const found = claims.safeParse(await decode({ token, secret }).catch(() => null))
  return found.success ? { user: found.data.sub, generation: found.data.generation } : null
}

function cookies(header: string): ReadonlyMap<string, string> {
  return new Map(
    header.split(';').flatMap((part) => {
      const at = part.indexOf('=')
      return at < 0 ? [] : [[part.slice(0, at).trim(), part.slice(at + 1).trim()] as const]
    }),
  )
}
