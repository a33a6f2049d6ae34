// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { takeScreenshot } from '../../src/display/screenshot.ts'
import { type ScriptedServer, startScriptedServer, take } from './scripted-server.ts'

let server: ScriptedServer
beforeEach(async () => {
  server = await startScriptedServer()
})
afterEach(() => server.close())

function rectangle(x: number, y: number, width: number, height: number, kind: number, colour?: number[]): Buffer {
  const head = Buffer.alloc(12)
  for (const [index, value] of [x, y, width, height].entries()) head.writeUInt16BE(value, index * 2)
  head.writeInt32BE(kind, 8)
  return colour === undefined ? head : Buffer.concat([head, ...Array.from({ length: width * height }, () => Uint8Array.from(colour))])
}
const update = (...rectangles: Buffer[]) => Buffer.concat([Uint8Array.of(0, 0, 0, rectangles.length), ...rectangles])

/** Up to the request for the whole picture of 2x2 pixels; the request itself is returned. */
async function greet(socket: Awaited<ReturnType<ScriptedServer['accept']>>): Promise<number[]> {
  socket.write('RFB 003.008\n')
  await take(socket, 12)
  socket.write(Uint8Array.of(1, 1))
  await take(socket, 1)
  socket.write(new Uint8Array(4))
  await take(socket, 1)
  socket.write(Buffer.from('00020002' + '20180001' + '00ff00ff00ff100800' + '000000' + '00000000', 'hex'))
  await take(socket, 20 + 12)
  return [...(await take(socket, 10))]
}

describe('a screenshot', () => {
  it('is put together from several updates, with other messages between', async () => {
    const shot = takeScreenshot(server.socketPath)
    const socket = await server.accept()
    expect(await greet(socket)).toEqual([3, 0, 0, 0, 0, 0, 0, 2, 0, 2])
    socket.write(update(rectangle(0, 0, 2, 1, 0, [1, 2, 3, 0])))
    socket.write(Buffer.concat([Uint8Array.of(2), Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 1, 65)]))
    socket.write(update(rectangle(0, 1, 1, 1, 0, [4, 5, 6, 0]), rectangle(1, 1, 1, 1, 0, [7, 8, 9, 0])))
    expect([...(await shot).rgba]).toEqual([1, 2, 3, 255, 1, 2, 3, 255, 4, 5, 6, 255, 7, 8, 9, 255])
  })

  it('begins anew when the screen changes its size', async () => {
    const shot = takeScreenshot(server.socketPath)
    const socket = await server.accept()
    await greet(socket)
    socket.write(update(rectangle(0, 0, 1, 1, -223)))
    expect([...(await take(socket, 10))]).toEqual([3, 0, 0, 0, 0, 0, 0, 1, 0, 1])
    socket.write(update(rectangle(0, 0, 1, 1, 0, [9, 9, 9, 0])))
    expect(await shot).toMatchObject({ width: 1, height: 1 })
  })

  it.each<[string, Buffer]>([
    ['outside of the screen', update(rectangle(1, 1, 2, 1, 0, [1, 2, 3, 0]))],
    ['in an encoding that was not offered', update(rectangle(0, 0, 1, 1, 16))],
  ])('is refused when the server draws %s', async (_, message) => {
    const shot = takeScreenshot(server.socketPath)
    const socket = await server.accept()
    await greet(socket)
    socket.write(message)
    await expect(shot).rejects.toMatchObject({ code: 'rfb-protocol' })
  })

  it('ends with `time-out` when the server stays silent', async () => {
    await expect(takeScreenshot(server.socketPath, 50)).rejects.toMatchObject({ code: 'time-out' })
  })
})
