// SPDX-License-Identifier: Apache-2.0
//
// A file into the guest or out of it, in pieces. The agent has no way to write whole or not at all: what breaks off leaves a part.
import { z } from 'zod'
import { EngineError } from '../error.ts'
import type { AgentChannel } from './agent-channel.ts'

/** Bytes of a piece: base64 of it stays far under the longest answer. */
const pieceBytes = 48 * 1024
const answerMs = 10_000

const handle = z.int()
const read = z.strictObject({ count: z.int().min(0).max(pieceBytes), 'buf-b64': z.base64().max(pieceBytes * 2), eof: z.boolean() })
const written = z.strictObject({ count: z.int().min(0).max(pieceBytes), eof: z.boolean() })

/**
 * @param path as the guest spells it.
 * @throws EngineError `guest-file-too-large` once more than `maxBytes` came; as {@link AgentChannel.execute}.
 */
export async function copyFromGuest(channel: AgentChannel, path: string, maxBytes: number): Promise<Buffer> {
  return withFile(channel, path, 'r', async (file) => {
    const pieces: Buffer[] = []
    let length = 0
    for (;;) {
      const piece = await channel.execute('guest-file-read', { handle: file, count: pieceBytes }, read, answerMs)
      const bytes = Buffer.from(piece['buf-b64'], 'base64')
      if (bytes.length !== piece.count) {
        throw new EngineError('guest-agent-protocol', `expected ${piece.count} bytes of \`${path}\` as announced, found ${bytes.length}`)
      }
      length += bytes.length
      if (length > maxBytes) throw new EngineError('guest-file-too-large', `\`${path}\` of the guest has more than ${maxBytes} bytes`)
      pieces.push(bytes)
      // Nothing, and no end: a guest could keep us here for ever.
      if (piece.eof || bytes.length === 0) return Buffer.concat(pieces)
    }
  })
}

/** Replaces what stands there. @throws EngineError as {@link AgentChannel.execute}. */
export async function copyToGuest(channel: AgentChannel, path: string, bytes: Uint8Array): Promise<void> {
  await withFile(channel, path, 'w', async (file) => {
    for (let at = 0; at < bytes.length; ) {
      const piece = Buffer.from(bytes.subarray(at, at + pieceBytes))
      const { count } = await channel.execute('guest-file-write', { handle: file, 'buf-b64': piece.toString('base64') }, written, answerMs)
      if (count === 0 || count > piece.length) {
        throw new EngineError('guest-agent-protocol', `the guest said that it wrote ${count} of ${piece.length} bytes of \`${path}\``)
      }
      at += count
    }
    await channel.execute('guest-file-flush', { handle: file }, z.strictObject({}), answerMs)
  })
}

async function withFile<T>(channel: AgentChannel, path: string, mode: 'r' | 'w', act: (file: number) => Promise<T>): Promise<T> {
  const file = await channel.execute('guest-file-open', { path, mode }, handle, answerMs)
  try {
    return await act(file)
  } finally {
    // The first error is the one to be told.
    await channel.execute('guest-file-close', { handle: file }, z.strictObject({}), answerMs).catch(() => undefined)
  }
}
