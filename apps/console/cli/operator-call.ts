// SPDX-License-Identifier: Apache-2.0
import { json } from 'node:stream/consumers'
import { z } from 'zod'
import { consoleLayout } from '../src/organisation/layout.ts'
import { AdminError } from './error.ts'

// Not imported: an import reads every export of `node:http`, one of which loads all of undici, a fifth of what a command takes.
const { request } = process.getBuiltinModule('node:http')

/** What the running console refused, under its own code. */
export class RemoteRefusal extends Error {
  override readonly name = 'RemoteRefusal'
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

const refusal = z.object({ error: z.object({ code: z.string(), message: z.string() }) })

/**
 * Asks the console that runs on `data`.
 * @param form what the caller reads of the answer.
 * @returns the whole answer, and what was read of it.
 * @throws RemoteRefusal; AdminError `console-unreachable`.
 */
export async function callOperator<T>(
  data: string,
  call: string,
  body: object,
  form: z.ZodType<T>,
): Promise<{ readonly raw: object; readonly read: T }> {
  const { status, answer } = await post(consoleLayout(data).operatorSocket, call, JSON.stringify(body))
  if (status === 200) return { raw: z.looseObject({}).parse(answer), read: form.parse(answer) }
  const refused = refusal.safeParse(answer)
  if (refused.success) throw new RemoteRefusal(refused.data.error.code, refused.data.error.message)
  throw new AdminError('environment', 'console-unreachable', `the console answered ${status} to \`${call}\``)
}

function post(socketPath: string, call: string, body: string): Promise<{ readonly status: number; readonly answer: unknown }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ readonly status: number; readonly answer: unknown }>()
  const unreachable = (cause: unknown) =>
    reject(new AdminError('environment', 'console-unreachable', `no console answers on \`${socketPath}\`: is its server running?`, cause))
  const sent = request({ socketPath, method: 'POST', path: `/v1/${call}`, headers: { 'content-type': 'application/json' } }, (response) => {
    json(response).then((answer) => resolve({ status: response.statusCode ?? 0, answer }), unreachable)
  })
  sent.on('error', unreachable)
  sent.end(body)
  return promise
}
