// SPDX-License-Identifier: Apache-2.0
//
// The one line of secrets on a session host's standard input. What it came in and the keys are bytes that can be overwritten; the text that
// they are parsed from stays in memory until the runtime gives it up.
import type { z } from 'zod'
import { sessionSecrets } from '../local-api.ts'

const largest = 1 << 20
const newline = 0x0a

export interface ReadSecrets extends Pick<z.infer<typeof sessionSecrets>, 'customization' | 'names' | 'viewerToken'> {
  /** 32 bytes each, of whoever reads them: to be overwritten. */
  readonly packageKey: Buffer
  readonly instanceKey: Buffer
}

/** Each piece of `input` is overwritten. @throws Error that holds no secret, for anything but one line of the form */
export async function readSecrets(input: AsyncIterable<Buffer>): Promise<ReadSecrets> {
  const line = Buffer.alloc(largest)
  let length = 0
  try {
    for await (const piece of input) {
      const room = length + piece.length <= largest
      if (room) length += piece.copy(line, length)
      piece.fill(0)
      if (!room) throw new Error('the secrets on standard input are too long')
      if (line.subarray(0, length).includes(newline)) break
    }
    if (length === 0) throw new Error('no secrets came on standard input')
    const end = line.subarray(0, length).indexOf(newline)
    const { packageKey, instanceKey, ...others } = parsed(line.toString('utf8', 0, end < 0 ? length : end))
    return { ...others, packageKey: keyOf(packageKey), instanceKey: keyOf(instanceKey) }
  } finally {
    line.fill(0)
  }
}

function parsed(text: string): z.infer<typeof sessionSecrets> {
  try {
    return sessionSecrets.parse(JSON.parse(text))
  } catch {
    // What was thrown may quote it.
    throw new Error('the secrets on standard input do not have their form')
  }
}

/** In memory of its own, not in the pool that small buffers share. */
function keyOf(text: string): Buffer {
  const shared = Buffer.from(text, 'base64url')
  const key = Buffer.alloc(shared.length)
  shared.copy(key)
  shared.fill(0)
  return key
}
