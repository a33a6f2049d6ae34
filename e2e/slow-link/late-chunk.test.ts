// SPDX-License-Identifier: Apache-2.0
//
// A VM boots while its package arrives, and the line breaks off in the middle of its boot: it stands still, says for what it waits and how
// much is here, and goes on as if nothing had been once the line is back.
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { openFolderStore } from '../../packages/vm-package/src/store/folder-store.ts'
import { mostObjectBytes } from '../../packages/vm-package/src/store/object-store.ts'
import { sealVersion } from '../session-host/make-release.ts'
import { makeWorld, removeWorld } from '../session-host/make-world.ts'
import { placesOf } from '../session-host/places.ts'
import { PROMPT, startSession, watchScreen } from '../session-host/start-session.ts'
import type { SealedRelease, World } from '../session-host/world.ts'

const limitMs = 120_000

/** Stands where the daemon stands: answers for `first` objects, and for the others once the line is mended. */
async function brokenLine(folder: string, socket: string, first: number) {
  const store = await openFolderStore(folder)
  const waiting: (() => void)[] = []
  let answered = 0
  let mended = false
  const answer = async (name: string, response: ServerResponse) => {
    const bytes = await store.get(name, mostObjectBytes)
    response.writeHead(bytes === null ? 404 : 200).end(bytes)
  }
  const server = createServer((request, response) => {
    const now = () => void answer(request.url?.replace('/objects/', '') ?? '', response)
    answered += 1
    if (mended || answered <= first) now()
    else waiting.push(now)
  })
  server.listen(socket)
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    mend() {
      mended = true
      for (const now of waiting.splice(0)) now()
    },
  }
}

describe.each(['qemu', 'v86'] as const)('a package that arrives while its VM boots on %s', (engine) => {
  let world: World
  let release: SealedRelease

  beforeAll(async () => {
    world = await makeWorld(engine)
    release = await sealVersion(world, '1')
  })
  afterAll(() => removeWorld(world))

  it('holds the VM while a chunk is late, says so, and lets it boot on when the chunk has come', { timeout: limitMs }, async () => {
    const socket = join(world.folder, 'line.sock')
    const line = await brokenLine(placesOf(world.folder).store, socket, 12)
    const session = await startSession(world, 'device', release, { origin: `unix:${socket}` })
    const { reason, content } = await session.until(({ state, holds }) => state === 'paused' && holds.includes('disk'))
    expect(reason).toBeNull()
    expect(content?.held).toBeGreaterThan(0)
    expect(content?.total ?? Number.POSITIVE_INFINITY).toBeGreaterThan(content?.held ?? 0)

    line.mend()
    const screen = await watchScreen(session)
    await screen.waitForText(PROMPT, limitMs)
    screen.close()
    const { content: whole } = await session.until((view) => view.content?.held === view.content?.total, limitMs)
    expect(whole?.held).toBeGreaterThan(content?.held ?? 0)
    const types = (await session.events()).map(({ type }) => type)
    expect(types.filter((type) => ['chunk-late', 'held', 'chunk-arrived', 'released'].includes(type)).slice(0, 2)).toEqual(['chunk-late', 'held'])
    expect(types).toContain('chunk-arrived')
    expect(types).toContain('released')
    expect(types).not.toContain('blocked')
    await session.ask('power-off')
    expect(await session.exited).toBe(0)
  })
})
