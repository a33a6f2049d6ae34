// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'
import type { Operator } from '../src/access/actor.ts'
import { ConsoleError } from '../src/error.ts'

/** One call: parses its request, then acts. @throws ConsoleError `input-invalid`, and what the act throws. */
export type Call = (actor: Operator, body: unknown) => Promise<object>

export function call<T>(request: z.ZodType<T>, act: (actor: Operator, body: T) => Promise<object>): Call {
  return async (actor, body) => {
    const parsed = request.safeParse(body)
    if (!parsed.success) throw new ConsoleError('input-invalid', z.prettifyError(parsed.error), { cause: parsed.error })
    return await act(actor, parsed.data)
  }
}
