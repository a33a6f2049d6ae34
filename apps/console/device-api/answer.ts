// SPDX-License-Identifier: Apache-2.0
import { errorBody, type ProtocolError, protocolError, statusOf } from '@casemate/policy/protocol'
import type { z } from 'zod'
import { ConsoleError } from '../src/error.ts'

/** Told to whoever runs the console; a device learns only that it may try again. */
export type ReportFailure = (error: unknown) => void

export function answerJson(value: object): Response {
  return Response.json(value, { headers: { 'cache-control': 'no-store' } })
}

/**
 * A refusal as the protocol names it.
 * @param allowed codes of the route; what has another one is `bad-request` where it is the caller's fault, else `unavailable`.
 */
export function answerError(error: unknown, allowed: readonly ProtocolError[], report: ReportFailure): Response {
  const code = codeOf(error, allowed)
  if (code === 'unavailable' && !(error instanceof ConsoleError && error.code === 'unavailable')) report(error)
  const message = error instanceof ConsoleError ? error.message.slice(0, 500) : 'the console cannot answer now'
  const token = error instanceof ConsoleError ? error.token : undefined
  const body: z.input<typeof errorBody> = { error: { code, message }, ...(token === undefined ? {} : { token }) }
  const headers = { 'cache-control': 'no-store', ...(error instanceof TooManyRequests ? { 'retry-after': `${error.waitSeconds}` } : {}) }
  return Response.json(errorBody.parse(body), { status: statusOf[code], headers })
}

function codeOf(error: unknown, allowed: readonly ProtocolError[]): ProtocolError {
  if (!(error instanceof ConsoleError)) return 'unavailable'
  const code = protocolError.safeParse(error.code)
  if (!code.success) return error.code === 'right-missing' ? 'not-found' : 'unavailable'
  if (allowed.includes(code.data)) return code.data
  return code.data === 'too-large' ? 'bad-request' : 'unavailable'
}

export class TooManyRequests extends ConsoleError {
  readonly waitSeconds: number

  constructor(waitSeconds: number) {
    super('too-many-requests', `too many calls; try again in ${waitSeconds} s`)
    this.waitSeconds = waitSeconds
  }
}
