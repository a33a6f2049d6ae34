// SPDX-License-Identifier: Apache-2.0
import type { Readable } from 'node:stream'
import { EngineError } from '../error.ts'

const LONGEST_LINE = 1024 * 1024

/** Each line of `stream` as JSON. @throws EngineError `engine-protocol` for a line that is too long or no JSON. */
export async function* readJsonLines(stream: Readable): AsyncGenerator<unknown> {
  let pending: Buffer[] = []
  let length = 0
  for await (const chunk of stream) {
    let rest: Buffer = chunk
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      const line = Buffer.concat([...pending, rest.subarray(0, end)])
      pending = []
      length = 0
      rest = rest.subarray(end + 1)
      yield parse(line)
    }
    pending.push(rest)
    length += rest.length
    if (length > LONGEST_LINE) throw new EngineError('engine-protocol', `a message of over ${LONGEST_LINE} bytes between the engine and its child`)
  }
}

function parse(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString('utf8'))
  } catch (error) {
    throw new EngineError('engine-protocol', 'a message between the engine and its child is no JSON', error)
  }
}
