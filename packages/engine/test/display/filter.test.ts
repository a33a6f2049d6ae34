// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { Duplex, duplexPair, Writable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ClipboardEvent, connectDisplay, type DisplayConnection, type DisplayPolicy } from '../../src/display/filter.ts'
import { encodeKeyEvent } from '../../src/display/key-event.ts'
import { Watermark } from '../../src/display/watermark.ts'
import { greetAsServer, greetAsViewer, type ScriptedServer, serverInit, startScriptedServer, take } from './scripted-server.ts'

const open: DisplayPolicy = {
  clipboard: { toGuest: { allowed: true, maxBytes: 1_048_576 }, fromGuest: { allowed: true, maxBytes: 100 } },
  input: 'allowed',
  watermark: null,
}
const noClipboard: DisplayPolicy = {
  clipboard: { toGuest: { allowed: false, maxBytes: 100 }, fromGuest: { allowed: false, maxBytes: 100 } },
  input: 'allowed',
  watermark: null,
}
const noInput: DisplayPolicy = { ...open, input: 'refused' }
const request = Uint8Array.of(3, 1, 0, 0, 0, 0, 0, 64, 0, 48)
const pasteOf = (text: string) => Buffer.concat([Uint8Array.of(6, 0, 0, 0, 0, 0, text.length >> 8, text.length & 255), Buffer.from(text)])

let server: ScriptedServer
beforeEach(async () => {
  server = await startScriptedServer()
})
afterEach(() => server.close())

interface Pair {
  readonly viewer: Duplex
  readonly guest: Socket
  readonly connection: DisplayConnection
  readonly events: ClipboardEvent[]
}
/** Viewer and guest joined by the filter; ready: the handshake is over on both sides. */
async function join(policy: DisplayPolicy, paste: 'forward' | 'type' = 'forward', keyIntervalMs = 0): Promise<Pair> {
  const [viewer, far] = duplexPair()
  const events: ClipboardEvent[] = []
  const onClipboard = (event: ClipboardEvent) => events.push(event)
  const connection = connectDisplay({ displaySocket: server.socketPath, viewer: far, policy, paste, onClipboard, keyIntervalMs })
  const guest = await server.accept()
  await Promise.all([greetAsServer(guest), greetAsViewer(viewer)])
  return { viewer, guest, connection, events }
}

describe('the display filter', () => {
  it('shows every viewer the same handshake: security None alone, always shared', async () => {
    const [viewer, far] = duplexPair()
    const connection = connectDisplay({ displaySocket: server.socketPath, viewer: far, policy: open, paste: 'forward', onClipboard: () => undefined })
    const guest = await server.accept()
    const seen = greetAsViewer(viewer)
    guest.write('RFB 003.008\n')
    expect(String(await take(guest, 12))).toBe('RFB 003.008\n')
    guest.write(Uint8Array.of(2, 16, 1))
    expect([...(await take(guest, 1))]).toEqual([1])
    guest.write(new Uint8Array(4))
    expect([...(await take(guest, 1))]).toEqual([1])
    guest.write(serverInit)
    expect(await seen).toEqual({ securityTypes: [1], init: serverInit })
    connection.close()
    expect(await connection.closed).toEqual({ reason: 'closed' })
  })

  it('passes a cut text while the policy allows it and drops the next once the policy was replaced', async () => {
    const { viewer, guest, connection, events } = await join(open)
    viewer.write(pasteOf('one'))
    expect(await take(guest, 11)).toEqual(pasteOf('one'))
    connection.setPolicy(noClipboard)
    viewer.write(Buffer.concat([pasteOf('two'), request]))
    expect(await take(guest, 10)).toEqual(Buffer.from(request))
    connection.setPolicy(open)
    viewer.write(pasteOf('three'))
    expect(await take(guest, 13)).toEqual(pasteOf('three'))
    expect(events.map(({ outcome }) => outcome)).toEqual(['passed', 'refused', 'passed'])
    connection.close()
  })

  it('draws a watermark into what is sent while the policy has one, and has all drawn anew when that changes', async () => {
    const { viewer, guest, connection } = await join(open)
    const everything = Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 64, 0, 48)
    const ahead = Uint8Array.of(3, 1, 0, 0, 0, 0, 0, 64, 0, 48)
    const black = Buffer.concat([Uint8Array.of(0, 0, 0, 1, 0, 0, 0, 0, 0, 64, 0, 48, 0, 0, 0, 0), new Uint8Array(64 * 48 * 4)])
    const picture = async () => {
      guest.write(black)
      return [...(await take(viewer, black.length))].slice(16)
    }
    viewer.write(request)
    await take(guest, 10)
    expect(new Set(await picture())).toEqual(new Set([0]))
    // The next is asked for in the viewer's name once, not again before the viewer asks.
    expect(await take(guest, 10)).toEqual(Buffer.from(ahead))
    const mark = new Watermark('eva')
    connection.setPolicy({ ...open, watermark: mark })
    expect(await take(guest, 10)).toEqual(Buffer.from(everything))
    const expected = new Uint8Array(64 * 48 * 4)
    mark.draw(expected, { x: 0, y: 0, width: 64 }, 0)
    expect(new Set(expected)).toEqual(new Set([0, 176]))
    expect(await picture()).toEqual([...expected])
    connection.setPolicy({ ...open, watermark: new Watermark('eva') })
    connection.setPolicy(open)
    expect(await take(guest, 10)).toEqual(Buffer.from(everything))
    expect(new Set(await picture())).toEqual(new Set([0]))
    viewer.write(Uint8Array.of(5, 0, 0, 9, 0, 7))
    expect([...(await take(guest, 6))]).toEqual([5, 0, 0, 9, 0, 7])
    connection.close()
  })

  it('lets go of keys and buttons that are held when input is refused', async () => {
    const { viewer, guest, connection } = await join(open)
    const down = encodeKeyEvent(true, 0xffe3)
    viewer.write(Buffer.concat([down, Uint8Array.of(5, 1, 0, 9, 0, 7)]))
    await take(guest, down.length + 6)
    connection.setPolicy(noInput)
    expect(await take(guest, 14)).toEqual(Buffer.concat([encodeKeyEvent(false, 0xffe3), Uint8Array.of(5, 0, 0, 9, 0, 7)]))
    connection.close()
  })

  it('lets go of keys that are held when the viewer leaves', async () => {
    const { viewer, guest, connection } = await join(open)
    viewer.end(encodeKeyEvent(true, 0x61))
    expect(await take(guest, 16)).toEqual(Buffer.concat([encodeKeyEvent(true, 0x61), encodeKeyEvent(false, 0x61)]))
    expect(await connection.closed).toEqual({ reason: 'viewer-left' })
  })

  it('stops typing a paste when the policy no longer allows it, with no key left down', async () => {
    const { viewer, guest, connection, events } = await join(open, 'type', 1)
    viewer.write(pasteOf('A'.repeat(4000)))
    await take(guest, 8 * 10)
    connection.setPolicy(noClipboard)
    viewer.write(request)
    const down = new Set([0xffe1])
    for (let [type] = await take(guest, 1); type === 4; [type] = await take(guest, 1)) {
      const event = await take(guest, 7)
      if (event[0] === 1) down.add(event.readUInt32BE(3))
      else down.delete(event.readUInt32BE(3))
    }
    expect([...down]).toEqual([])
    connection.close()
    await connection.closed
    expect(events).toEqual([{ direction: 'to-guest', bytes: 4000, outcome: 'interrupted' }])
  })

  it('keeps the picture going while a paste is typed, with scan codes once the server takes them', async () => {
    const { viewer, guest, connection } = await join(open, 'type', 1)
    viewer.write(Uint8Array.of(2, 0, 0, 1, 0xff, 0xff, 0xfe, 0xfe))
    await take(guest, 12)
    guest.write(Uint8Array.of(0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xfe, 0xfe))
    await take(viewer, 16)
    viewer.write(Buffer.concat([pasteOf('x'.repeat(1000)), request]))
    const types: number[] = []
    for (let [type] = await take(guest, 1); ; [type] = await take(guest, 1)) {
      types.push(type ?? -1)
      if (type === 3) break
      expect(type).toBe(255)
      await take(guest, 11)
    }
    expect(types.length).toBeLessThan(2000)
    connection.close()
  })

  it('waits for a slow viewer instead of gathering what the guest draws', async () => {
    const [viewer, near] = duplexPair()
    let waiting = 0
    const slow = new Writable({
      write(chunk, _, done) {
        waiting = Math.max(waiting, far.writableLength)
        near.write(chunk, () => setImmediate(done))
      },
    })
    const far = Duplex.from({ readable: near, writable: slow })
    const connection = connectDisplay({ displaySocket: server.socketPath, viewer: far, policy: open, paste: 'forward', onClipboard: () => undefined })
    const guest = await server.accept()
    await Promise.all([greetAsServer(guest), greetAsViewer(viewer)])
    const rectangle = Buffer.concat([Uint8Array.of(0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0), Buffer.alloc(256 * 256 * 4, 7)])
    for (let sent = 0; sent < 64; sent++) guest.write(rectangle)
    for (let seen = 0; seen < 64; seen++) expect((await take(viewer, rectangle.length)).equals(rectangle)).toBe(true)
    expect(waiting).toBeGreaterThan(0)
    expect(waiting).toBeLessThan(1 << 18)
    connection.close()
  })

  it('serves a second viewer while the first stays', async () => {
    const [first, second] = [await join(open), await join(noInput)]
    first.viewer.write(encodeKeyEvent(true, 0x62))
    second.viewer.write(Buffer.concat([encodeKeyEvent(true, 0x63), request]))
    expect(await take(first.guest, 8)).toEqual(Buffer.from(encodeKeyEvent(true, 0x62)))
    expect(await take(second.guest, 10)).toEqual(Buffer.from(request))
    first.connection.close()
    second.connection.close()
  })

  it('ends both sides with `rfb-protocol` when a viewer sends what is unknown', async () => {
    const { viewer, guest, connection } = await join(open)
    const gone = once(guest, 'close')
    guest.resume()
    viewer.write(Uint8Array.of(77))
    expect(await connection.closed).toMatchObject({ reason: 'rfb-protocol', error: { code: 'rfb-protocol' } })
    await gone
  })

  it('ends both sides with `rfb-protocol` when the server sends what is unknown', async () => {
    const { viewer, guest, connection } = await join(open)
    const ended = once(viewer, 'end')
    viewer.resume()
    guest.write(Uint8Array.of(77))
    expect(await connection.closed).toMatchObject({ reason: 'rfb-protocol', error: { code: 'rfb-protocol' } })
    await ended
  })

  it('takes no other protocol version from a server', async () => {
    const [, far] = duplexPair()
    const connection = connectDisplay({ displaySocket: server.socketPath, viewer: far, policy: open, paste: 'forward', onClipboard: () => undefined })
    const guest = await server.accept()
    guest.write('RFB 003.003\n')
    expect(await connection.closed).toMatchObject({ reason: 'rfb-protocol', error: { code: 'rfb-protocol' } })
  })

  it('says that the guest left when its socket closes or was never there', async () => {
    const { viewer, guest, connection } = await join(open)
    viewer.resume()
    guest.end(Uint8Array.of(2))
    expect(await connection.closed).toEqual({ reason: 'guest-left' })
    const [, far] = duplexPair()
    const lost = connectDisplay({
      displaySocket: `${server.socketPath}-none`,
      viewer: far,
      policy: open,
      paste: 'forward',
      onClipboard: () => undefined,
    })
    expect(await lost.closed).toEqual({ reason: 'guest-left' })
  })
})
