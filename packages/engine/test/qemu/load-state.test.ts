// SPDX-License-Identifier: Apache-2.0
//
// A peer that does as QEMU does with an incoming state: hangs up as soon as it has all, and says on its own line how it went.
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { duplexPair } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import { loadState } from '../../src/qemu/migration.ts'
import { Qmp } from '../../src/qemu/qmp.ts'

const state = Buffer.alloc(1000, 7)

/** Whoever sends the state notices the end of the line before its own end. */
async function loadInto(status: 'completed' | 'failed'): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'load-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const [client, other] = duplexPair()
  other.write('{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": ""}, "capabilities": []}}\n')
  createInterface(other).on('line', (line) => other.write(`{"return": {}, "id": ${JSON.parse(line).id}}\n`))
  const hungUp = Promise.withResolvers<void>()
  const server = createServer((socket) => {
    let missing = state.length
    socket.on('data', (bytes) => {
      missing -= bytes.length
      if (missing === 0) socket.destroy()
    })
    socket.on('close', () => hungUp.resolve())
  })
  onTestFinished(() => void server.close())
  server.listen(join(folder, 's'))
  await once(server, 'listening')
  async function* source() {
    yield state
    await hungUp.promise
    // Closing the file takes a while.
    await wait(100)
    void wait(50).then(() => other.write(`{"event": "MIGRATION", "data": {"status": "${status}"}, "timestamp": {"seconds": 1, "microseconds": 0}}\n`))
  }
  await loadState(await Qmp.connect(client, 5000), join(folder, 's'), source())
}

it('has loaded a state once QEMU says so, though it hung up before the sender was done', async () => {
  await expect(loadInto('completed')).resolves.toBeUndefined()
})

it('has not where QEMU hung up and says that it failed', async () => {
  await expect(loadInto('failed')).rejects.toMatchObject({ code: 'state-mismatch' })
})
