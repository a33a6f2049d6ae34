// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { drawText } from '../draw-text.ts'
import { RfbClient } from '../rfb-client.ts'
import { loadFont } from '../vga-font.ts'
import { Peer, picture } from './rfb-server.ts'

const font = await loadFont()

interface Bridge extends AsyncDisposable {
  readonly url: string
  readonly accepted: Promise<{ readonly socket: WebSocket; readonly request: IncomingMessage; readonly peer: Peer }>
}

/** Upgrades those who bring `x-pass: yes`; others get 401. */
async function listenForWebSockets(): Promise<Bridge> {
  const http = createServer()
  const sockets = new WebSocketServer({ server: http, verifyClient: ({ req }: { req: IncomingMessage }) => req.headers['x-pass'] === 'yes' })
  const { promise: accepted, resolve } = Promise.withResolvers<Awaited<Bridge['accepted']>>()
  sockets.on('connection', (socket, request) => {
    const peer = new Peer((bytes) => socket.send(bytes))
    socket.on('message', (data) => Buffer.isBuffer(data) && peer.push(data))
    resolve({ socket, request, peer })
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const address = http.address()
  const isAddress = (value: typeof address): value is AddressInfo => value !== null && typeof value === 'object'
  if (!isAddress(address)) throw new TypeError('the server has no port')
  return {
    url: `ws://127.0.0.1:${address.port}/screen`,
    accepted,
    [Symbol.asyncDispose]: async () => {
      for (const client of sockets.clients) client.terminate()
      sockets.close()
      http.close()
      await once(http, 'close')
    },
  }
}

const settings = { protocols: ['binary'], headers: { 'x-pass': 'yes' } }

describe('RFB over a WebSocket', () => {
  it('shakes hands and paints, with messages cut at any byte', async () => {
    await using bridge = await listenForWebSockets()
    const connecting = RfbClient.overWebSocket(bridge.url, settings)
    const { peer, request, socket } = await bridge.accepted
    await peer.shakeHands(720, 400)
    const client = await connecting
    expect([request.headers['sec-websocket-protocol'], socket.protocol]).toEqual(['binary', 'binary'])
    const bytes = picture(drawText(font, { rows: ['through the web'], cellWidth: 9 }))
    for (const [from, to] of [
      [0, 3],
      [3, 5000],
      [5000, bytes.length],
    ] as const)
      peer.send(bytes.subarray(from, to))
    await client.waitForText('through the web', 20_000)
    client.close()
  })

  it('fails when the server does not upgrade', async () => {
    await using bridge = await listenForWebSockets()
    await expect(RfbClient.overWebSocket(bridge.url, { protocols: ['binary'] })).rejects.toMatchObject({ code: 'refused' })
  })

  it('ends the connection over a text message', async () => {
    await using bridge = await listenForWebSockets()
    const connecting = RfbClient.overWebSocket(bridge.url, settings)
    const { peer, socket } = await bridge.accepted
    await peer.shakeHands(720, 400)
    const client = await connecting
    socket.send('text')
    expect(await once(client, 'closed')).toMatchObject([{ code: 'closed', message: expect.stringContaining('text message') }])
  })

  it('passes on the reason with which the server closes', async () => {
    await using bridge = await listenForWebSockets()
    const connecting = RfbClient.overWebSocket(bridge.url, settings)
    const { peer, socket } = await bridge.accepted
    await peer.shakeHands(720, 400)
    const client = await connecting
    const waiting = client.waitForText('anything', 60_000)
    socket.close(4001, 'the session has ended')
    await expect(waiting).rejects.toMatchObject({ code: 'closed', message: '4001 the session has ended' })
  })
})
