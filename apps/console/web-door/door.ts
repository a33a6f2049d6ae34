// SPDX-License-Identifier: Apache-2.0
//
// Where pages reach the running console: one door a process, put there by the server that also runs Next. Types only from the console's
// code, so that Next's bundles hold no second copy of it.
import type { operatorCalls } from '../operator-door/calls.ts'
import type { SessionClaims } from '../src/access/sign-in.ts'

export type ConsoleCalls = ReturnType<typeof operatorCalls>
export type CallName = keyof ConsoleCalls
export type RequestOf<N extends CallName> = ConsoleCalls[N] extends { readonly form: { readonly _output: infer Body } } ? Body : never
export type ResultOf<N extends CallName> = Awaited<ReturnType<ConsoleCalls[N]>>
export type { SessionClaims }

export interface WebDoor {
  /** As the user of a session, which is looked up anew. @throws ConsoleError `sign-in-needed`, and what the call throws. */
  call<N extends CallName>(session: SessionClaims, name: N, body: RequestOf<N>): Promise<ResultOf<N>>
  /** @param address of the caller, for the limit of tries. @returns null: refused, for whatever reason. @throws ConsoleError `too-many-tries` */
  signIn(login: string, password: string, address: string): Promise<SessionClaims | null>
  /** Ends every session of the user. */
  signOut(session: SessionClaims): Promise<void>
  /** Whether the session still holds. */
  holds(session: SessionClaims): Promise<boolean>
  /** Encrypts session cookies; derived from a sealed key of the organisation. */
  readonly cookieSecret: string
  /** Under which browsers reach the console. */
  readonly origin: string
}

const place = Symbol.for('casemate.console')

/** @throws Error where no console runs in this process. */
export function webDoor(): WebDoor {
  const found = Reflect.get(globalThis, place)
  if (found === undefined) throw new Error('no console runs in this process: start apps/console/server.ts')
  return found
}

/** @param door null: takes it away. */
export function putWebDoor(door: WebDoor | null): void {
  if (door === null) Reflect.deleteProperty(globalThis, place)
  else Reflect.set(globalThis, place, door)
}
