// SPDX-License-Identifier: Apache-2.0
import { ConsoleError } from '../src/error.ts'

/**
 * The whole body, never more than `maxBytes` of it in memory.
 * @throws ConsoleError `too-large`
 */
export async function readBody(request: Request, maxBytes: number): Promise<Uint8Array> {
  const tooLarge = () => new ConsoleError('too-large', `expected a body of at most ${maxBytes} bytes`)
  const declared = Number(request.headers.get('content-length') ?? 0)
  if (declared > maxBytes) throw tooLarge()
  if (request.body === null) return new Uint8Array()
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of request.body) {
    length += part.byteLength
    if (length > maxBytes) throw tooLarge()
    parts.push(part)
  }
  return Buffer.concat(parts, length)
}
