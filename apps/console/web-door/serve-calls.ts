// SPDX-License-Identifier: Apache-2.0
//
// `POST /api/v1/<call>`: the acts of the browser, on the same table as the operator door's.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Call, findCall, parseBody } from '../operator-door/call.ts'
import type { Operator } from '../src/access/actor.ts'
import { ConsoleError } from '../src/error.ts'

const maxBytes = 4_194_304

/** @param actorOf @throws ConsoleError `sign-in-needed` */
export async function serveCall(
  request: IncomingMessage,
  response: ServerResponse,
  { name, calls, actorOf }: { readonly name: string; readonly calls: Readonly<Record<string, Call>>; readonly actorOf: () => Promise<Operator> },
): Promise<void> {
  try {
    if (request.method !== 'POST') throw new ConsoleError('not-found', 'expected POST')
    if (request.headers['content-type'] !== 'application/json') throw new ConsoleError('input-invalid', 'expected `content-type: application/json`')
    const actor = await actorOf()
    const act = findCall(calls, name)
    answer(response, 200, await act(actor, parseBody(await readBytes(request))))
  } catch (error) {
    refuse(response, error)
  }
}

/** Codes and sentences are for the user; what no class of ours names stays in the log of the server. */
export function refuse(response: ServerResponse, error: unknown): void {
  const named = error instanceof Error && 'code' in error && typeof error.code === 'string' && !('syscall' in error)
  const code = named ? String(error.code) : 'unexpected'
  const message = named ? error.message : 'the console could not do this; its log says why'
  if (!named) process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  answer(response, statusOf[code] ?? (named ? 400 : 500), { error: { code, message } })
}

const statusOf: Readonly<Record<string, number>> = {
  'sign-in-needed': 401,
  'origin-refused': 403,
  'not-found': 404,
  'right-missing': 404,
  'too-many-tries': 429,
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(JSON.stringify(body))
}

async function readBytes(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of request) {
    length += part.length
    if (length > maxBytes) throw new ConsoleError('input-invalid', `expected at most ${maxBytes} bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts)
}
