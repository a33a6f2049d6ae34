// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { type TusAnswer, type TusRequest, type TusWorld, uploadByTus } from './tus-client.ts'

const answer = (status: number, headers: Readonly<Record<string, string>> = {}, text = ''): TusAnswer => ({
  ...{ status, text },
  header: (name) => headers[name] ?? null,
})

/** A server of one upload that keeps what it is sent; `broken` says which requests (from 0) never reach it. */
class Server {
  received = Buffer.alloc(0)
  exists = false
  readonly asked: string[] = []
  readonly waits: number[] = []
  readonly kept = new Map<string, string>()
  broken: (index: number) => boolean = () => false
  refusing = false

  readonly world: TusWorld = {
    send: async (_url, request) => {
      this.asked.push(request.method)
      return this.broken(this.asked.length - 1) ? answer(0) : await this.take(request)
    },
    wait: async (seconds) => void this.waits.push(seconds),
    memory: {
      get: (key) => this.kept.get(key) ?? null,
      set: (key, url) => void this.kept.set(key, url),
      delete: (key) => void this.kept.delete(key),
    },
  }

  async take({ method, headers, body }: TusRequest): Promise<TusAnswer> {
    if (this.refusing) return answer(413, {}, 'the disk is larger than it was declared')
    if (method === 'POST') {
      this.exists = true
      return answer(201, { location: '/upload/1' })
    }
    if (!this.exists) return answer(404)
    if (method === 'HEAD') return answer(200, { 'upload-offset': `${this.received.length}` })
    if (headers['upload-offset'] !== `${this.received.length}`) return answer(409)
    this.received = Buffer.concat([this.received, Buffer.from((await body?.arrayBuffer()) ?? new ArrayBuffer(0))])
    return answer(204, { 'upload-offset': `${this.received.length}` })
  }
}

const content = Buffer.alloc(20_000_000, 'disk ')
const upload = (onProgress: (bytes: number) => void = () => undefined) => ({
  ...{
    endpoint: '/upload/',
    file: new Blob([content]),
    key: 'disk',
    metadata: { machine: 'büro' },
    onProgress,
    signal: new AbortController().signal,
  },
})

it('sends a file in pieces and remembers nothing afterwards', async () => {
  const [server, seen]: [Server, number[]] = [new Server(), []]
  await uploadByTus(
    upload((bytes) => seen.push(bytes)),
    server.world,
  )
  expect(server.received.equals(content)).toBe(true)
  expect(server.asked).toEqual(['POST', 'HEAD', 'PATCH', 'PATCH', 'PATCH'])
  expect([seen.at(0), seen.at(-1), server.kept.size]).toEqual([0, content.length, 0])
})

it('waits out a connection that breaks, and goes on from what has arrived', async () => {
  const server = new Server()
  server.broken = (index) => index === 3 || index === 4
  await uploadByTus(upload(), server.world)
  expect(server.received.equals(content)).toBe(true)
  expect(server.waits).toEqual([1, 1])
})

it('goes on after a reload with the upload that it remembers', async () => {
  const server = new Server()
  Object.assign(server, { exists: true, received: content.subarray(0, 9_000_000) })
  server.kept.set('disk', '/upload/1')
  await uploadByTus(upload(), server.world)
  expect(server.asked).toEqual(['HEAD', 'PATCH', 'PATCH'])
  expect(server.received.equals(content)).toBe(true)
})

it('begins again where the console has forgotten the upload', async () => {
  const server = new Server()
  server.kept.set('disk', '/upload/gone')
  await uploadByTus(upload(), server.world)
  expect(server.asked.slice(0, 3)).toEqual(['HEAD', 'POST', 'HEAD'])
  expect(server.received.equals(content)).toBe(true)
})

it('gives up at a refusal with its words, and after many broken tries', async () => {
  const server = new Server()
  server.refusing = true
  await expect(uploadByTus(upload(), server.world)).rejects.toMatchObject({
    code: 'upload-refused',
    message: 'the disk is larger than it was declared',
  })
  const dead = new Server()
  dead.broken = () => true
  await expect(uploadByTus(upload(), dead.world)).rejects.toMatchObject({ code: 'upload-broken' })
  expect(dead.waits).toEqual([1, 2, 4, 8, 16, 30, 30])
})
