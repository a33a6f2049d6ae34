// SPDX-License-Identifier: Apache-2.0
//
// next-auth, and the only file that speaks to it (beside its route). A session is an encrypted cookie; that its user may still act is asked
// of the console at every request.
import { redirect } from 'next/navigation'
import type { NextAuthOptions } from 'next-auth'
import { getServerSession } from 'next-auth'
import Credentials from 'next-auth/providers/credentials'
import { type SessionClaims, webDoor } from '../web-door/door.ts'

const hoursOfSession = 8

export function authOptions(): NextAuthOptions {
  const door = webDoor()
  return {
    secret: door.cookieSecret,
    session: { strategy: 'jwt', maxAge: hoursOfSession * 3600 },
    pages: { signIn: '/sign-in', error: '/sign-in' },
    providers: [
      Credentials({
        credentials: { login: { type: 'text' }, password: { type: 'password' } },
        async authorize(credentials, { headers }) {
          // Set by the server that hands the request over; a caller's own is overwritten there.
          const address = String(headers?.['x-casemate-address'] ?? '')
          const claims = await door.signIn(credentials?.login ?? '', credentials?.password ?? '', address)
          return claims === null ? null : { id: claims.user, generation: claims.generation }
        },
      }),
    ],
    callbacks: {
      jwt({ token, user }) {
        if (user !== undefined && 'generation' in user) return { sub: user.id, generation: user.generation }
        return token
      },
      session({ session, token }) {
        return { expires: session.expires, claims: { user: token.sub, generation: token.generation } }
      },
    },
    events: {
      async signOut({ token }) {
        const claims = readClaims({ user: token?.sub, generation: token?.generation })
        if (claims !== null && (await door.holds(claims))) await door.signOut(claims)
      },
    },
  }
}

/** Of the request that is being answered; leads to the sign-in page without one that holds. */
export async function requireSession(): Promise<SessionClaims> {
  const claims = await currentSession()
  if (claims === null) redirect('/sign-in')
  return claims
}

export async function currentSession(): Promise<SessionClaims | null> {
  const session: unknown = await getServerSession(authOptions())
  const claims = session !== null && typeof session === 'object' && 'claims' in session ? readClaims(session.claims) : null
  return claims !== null && (await webDoor().holds(claims)) ? claims : null
}

function readClaims(value: unknown): SessionClaims | null {
  if (value === null || typeof value !== 'object' || !('user' in value) || !('generation' in value)) return null
  const { user, generation } = value
  return typeof user === 'string' && typeof generation === 'number' ? { user, generation } : null
}
