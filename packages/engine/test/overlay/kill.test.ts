// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createOverlay, openOverlay } from '../../src/overlay/xts-overlay.ts'
import { BLOCKS, plainOf, SIZE, WRITTEN_PER_ROUND } from './write-rounds.ts'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'kill-'))
})
afterAll(() => rm(root, { recursive: true }))

const key = Buffer.alloc(32, 7)

/** Runs the writer until it has said `rounds` flushed rounds, then kills it; the last round that it said. */
async function writeAndKill(file: string, from: number, rounds: number): Promise<number> {
  const script = fileURLToPath(new URL('./write-rounds.ts', import.meta.url))
  const writer = spawn(process.execPath, [script, file, String(from)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(writer, 'exit')
  let said = from - 1
  for await (const line of createInterface({ input: writer.stdout })) {
    said = Number(line)
    if (said === from + rounds - 1) writer.kill('SIGKILL')
  }
  await exited
  return said
}

it('keeps every flushed round of a writer that is killed, again and again', async () => {
  const file = join(root, 'disk')
  await createOverlay({ file, key, binding: 'kill', size: SIZE })
  let next = 0
  for (const rounds of [1, 2, 5, 3, 8, 13, 1, 7]) {
    const flushed = await writeAndKill(file, next, rounds)
    expect(flushed).toBeGreaterThanOrEqual(next + rounds - 1)
    const overlay = await openOverlay({ file, key, binding: 'kill', base: null })
    for (let block = 0; block < BLOCKS; block++) {
      const found = (await overlay.read(block * 4096, 4096)).readUInt32BE(0)
      const lastFlushed = flushed - ((((flushed - Math.floor(block / WRITTEN_PER_ROUND)) % ROUNDS_TO_COVER) + ROUNDS_TO_COVER) % ROUNDS_TO_COVER)
      const least = lastFlushed < 0 ? 0 : lastFlushed + 1
      expect(found, `block ${block} after round ${flushed}`).toBeGreaterThanOrEqual(least)
      if (found > 0) expect((await overlay.read(block * 4096, 4096)).equals(plainOf(found - 1))).toBe(true)
    }
    await overlay.close()
    next = flushed + 1
  }
})

const ROUNDS_TO_COVER = BLOCKS / WRITTEN_PER_ROUND
