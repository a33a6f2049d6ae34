// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { readSecrets } from './read-secrets.ts'

const [packageKey, instanceKey] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
const line = `${JSON.stringify({
  ...{ packageKey: packageKey.toString('base64url'), instanceKey: instanceKey.toString('base64url') },
  ...{ customization: { word: 'secret' }, names: { device: 'desk-1', user: null }, viewerToken: Buffer.alloc(32, 3).toString('base64url') },
})}\n`

async function* inPieces(pieces: readonly Buffer[]) {
  yield* pieces
}
const isOverwritten = (bytes: Uint8Array) => bytes.every((byte) => byte === 0)

describe('the secrets of a session', () => {
  it('are read from any pieces, which are overwritten', async () => {
    for (const at of [1, 40, line.length]) {
      const pieces = [Buffer.from(line.slice(0, at)), Buffer.from(line.slice(at))]
      const read = await readSecrets(inPieces(pieces))
      expect([read.packageKey, read.instanceKey, read.customization]).toEqual([packageKey, instanceKey, { word: 'secret' }])
      expect(pieces.map(isOverwritten)).toEqual([true, at < line.length || pieces[1]?.length === 0])
      expect(read.packageKey.buffer).not.toBe(read.instanceKey.buffer)
    }
  })

  it('are refused in words that do not hold them, and overwritten too', async () => {
    for (const text of ['', '{"packageKey":"c2VjcmV0"}\n', 'c2VjcmV0\n', 'c2VjcmV0'.repeat(200_000)]) {
      const piece = Buffer.from(text)
      const failed = await readSecrets(inPieces([piece])).then(() => '', String)
      expect(failed).toMatch(/secrets on standard input|no secrets came/)
      expect([failed.includes('c2VjcmV0'), isOverwritten(piece)]).toEqual([false, true])
    }
  })
})
