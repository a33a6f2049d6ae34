// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'
import type { Operator } from '../src/access/actor.ts'
import { ConsoleError } from '../src/error.ts'

/** One call: parses its request, then acts. @throws ConsoleError `input-invalid`, and what the act throws. */
export interface Call<Body = unknown, Answer extends object = object> {
  (actor: Operator, body: unknown): Promise<Answer>
  /** What a request must be. */
  readonly form: z.ZodType<Body>
}

/** The types of request and answer stay known to callers in this process. */
export function call<Body, Answer extends object>(form: z.ZodType<Body>, act: (actor: Operator, body: Body) => Promise<Answer>): Call<Body, Answer> {
  const parseAndAct = async (actor: Operator, body: unknown): Promise<Answer> => {
    const parsed = form.safeParse(body)
    if (!parsed.success) throw new ConsoleError('input-invalid', z.prettifyError(parsed.error), { cause: parsed.error })
    return await act(actor, parsed.data)
  }
  return Object.assign(parseAndAct, { form })
}

/** By its own name, nothing that an object has by nature. @throws ConsoleError `not-found` */
export function findCall(calls: Readonly<Record<string, Call>>, name: string): Call {
  const found = Object.hasOwn(calls, name) ? calls[name] : undefined
  if (found === undefined) throw new ConsoleError('not-found', `there is no call \`${name}\``)
  return found
}

/** The JSON of a request. @throws ConsoleError `input-invalid` */
export function parseBody(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new ConsoleError('input-invalid', 'expected JSON', { cause })
  }
}
