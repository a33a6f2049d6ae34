// SPDX-License-Identifier: Apache-2.0
//
// Objects over lines that break off, from a scripted console, through the door and the origin that session hosts use.
import { hash, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateDeviceKey } from '@casemate/policy/software-device-key'
import { deviceSigner } from '@casemate/policy/token'
import { expect, it, onTestFinished } from 'vitest'
import { ConsoleClient } from '../daemon/console/console-client.ts'
import { openObjectDoor } from '../daemon/local-door/object-door.ts'
import { daemonOrigin } from '../session-host/daemon-origin.ts'

const object = randomBytes(300_000)
const name = hash('sha256', object, 'hex')
const cut = 200_000

type Answer = (request: IncomingMessage, response: ServerResponse) => void

const breakOff: Answer = (_request, response) => {
  response.writeHead(200, { 'content-length': object.length })
  response.write(object.subarray(0, cut), () => setTimeout(() => response.destroy(), 20))
}
const whole: Answer = (_request, response) => response.writeHead(200).end(object)
const rest: Answer = (_request, response) =>
  response.writeHead(206, { 'content-range': `bytes ${cut}-${object.length - 1}/${object.length}` }).end(object.subarray(cut))

/** Fetches the object; the console answers each request by the next of `answers`. @returns what was asked for, and came. */
async function fetchOver(answers: readonly Answer[]) {
  const ranges: (string | undefined)[] = []
  const server = createServer((request, response) => {
    const answer = answers[ranges.length]
    ranges.push(request.headers.range)
    if (answer === undefined) response.writeHead(500).end()
    else answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const { key } = await generateDeviceKey()
  const prover = { signer: await deviceSigner(key), now: () => Math.floor(Date.now() / 1000), seq: () => 1 }
  const client = new ConsoleClient({ address: `http://127.0.0.1:${port}`, pin: null }, prover)
  const folder = await mkdtemp(join(tmpdir(), 'object-door-'))
  const socket = join(folder, 'objects.sock')
  const door = await openObjectDoor(socket, { find: async () => null }, () => client)
  onTestFinished(async () => {
    client.close()
    door.close()
    server.close()
    await rm(folder, { recursive: true })
  })
  const bytes = await daemonOrigin(socket, AbortSignal.timeout(20_000)).get(name, object.length)
  return { ranges, bytes: bytes === null ? null : hash('sha256', bytes, 'hex') }
}

it('goes on behind the last byte that came when a transfer broke off', async () => {
  expect(await fetchOver([breakOff, rest])).toEqual({ ranges: [undefined, `bytes=${cut}-`], bytes: name })
})

it('takes all of it from a console that answers no ranges', async () => {
  expect(await fetchOver([breakOff, whole])).toEqual({ ranges: [undefined, `bytes=${cut}-`], bytes: name })
})

it('asks for all of it again where another range comes, or none', async () => {
  const other: Answer = (_request, response) => response.writeHead(206, { 'content-range': `bytes 0-9/${object.length}` }).end(object.subarray(0, 10))
  const none: Answer = (_request, response) => response.writeHead(416, { 'content-range': 'bytes */1000' }).end()
  for (const wrong of [other, none]) {
    expect(await fetchOver([breakOff, wrong, whole])).toEqual({ ranges: [undefined, `bytes=${cut}-`, undefined], bytes: name })
  }
})

it('says that there is none only where the console does', async () => {
  const absent: Answer = (_request, response) => response.writeHead(404).end()
  expect(await fetchOver([absent])).toEqual({ ranges: [undefined], bytes: null })
  expect(await fetchOver([(_request, response) => response.writeHead(503).end(), whole])).toEqual({ ranges: [undefined, undefined], bytes: name })
})
