// SPDX-License-Identifier: Apache-2.0
//
// Acts of the browser: one JSON route, one table of calls, its types. What is refused comes back as a CallError with the console's code.
import type { ConsoleCalls, RequestOf, ResultOf } from '../web-door/door.ts'

export class CallError extends Error {
  override readonly name = 'CallError'
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/** @throws CallError the console's code, or `console-unreachable`. */
export async function callConsole<N extends keyof ConsoleCalls>(name: N, body: RequestOf<N>): Promise<ResultOf<N>> {
  const answer = await send(`/api/v1/${name}`, JSON.stringify(body))
  if (answer.ok) return await answer.json()
  throw readRefusal(await answer.json().catch(() => null))
}

async function send(path: string, body: string): Promise<Response> {
  try {
    return await fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  } catch {
    throw new CallError('console-unreachable', 'the console does not answer')
  }
}

function readRefusal(value: unknown): CallError {
  const error = value !== null && typeof value === 'object' && 'error' in value ? value.error : null
  const known = error !== null && typeof error === 'object' && 'code' in error && 'message' in error
  return known ? new CallError(String(error.code), String(error.message)) : new CallError('unexpected', 'the console answered with something else')
}
