// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Duplex, duplexPair } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { viewOf } from '../../src/display/byte-reader.ts'
import { encodePng } from '../../src/display/encode-png.ts'
import { encodeSetEncodings } from '../../src/display/encodings.ts'
import { type ClipboardEvent, connectDisplay, type DisplayPolicy } from '../../src/display/filter.ts'
import { encodeExtendedKeyEvent } from '../../src/display/key-event.ts'
import { takeScreenshot } from '../../src/display/screenshot.ts'
import { greetAsViewer, take } from './scripted-server.ts'

const policy: DisplayPolicy = {
  clipboard: { toGuest: { allowed: true, maxBytes: 1000 }, fromGuest: { allowed: false, maxBytes: 0 } },
  input: 'allowed',
  watermark: null,
}
/** Everything that noVNC 1.7.0 offers, in its order. */
const novncEncodings = [
  1,
  7,
  -260,
  16,
  21,
  5,
  2,
  6,
  0,
  -26,
  -254,
  -223,
  -224,
  -258,
  -261,
  -308,
  -309,
  -312,
  -313,
  -307,
  0xc0a1e5ce | 0,
  -316,
  0x574d5664,
  -239,
]
/** SetPixelFormat of noVNC: 32 bits, depth 24, little-endian, red in the lowest byte. */
const novncPixelFormat = Uint8Array.of(0, 0, 0, 0, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 0, 8, 16, 0, 0, 0)

let folder: string
let qemu: ChildProcess
let socketPath: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cm-vnc-'))
  socketPath = join(folder, 'vnc')
  const options = ['-display', 'none', '-nodefaults', '-vga', 'std', '-accel', 'tcg', '-m', '32', '-S', '-vnc', `unix:${socketPath}`]
  qemu = spawn('qemu-system-i386', options, { stdio: 'ignore' })
  await vi.waitFor(() => reachable(socketPath), { timeout: 20_000, interval: 10 })
})
afterAll(async () => {
  const gone = once(qemu, 'exit')
  qemu.kill('SIGKILL')
  await gone
  await rm(folder, { recursive: true, force: true })
})

/** Rejects while nobody listens: the socket file is there before QEMU listens on it. */
async function reachable(path: string): Promise<void> {
  const socket = connect(path)
  await once(socket, 'connect')
  socket.destroy()
}

function watchQemu() {
  const [viewer, far] = duplexPair()
  const events: ClipboardEvent[] = []
  const connection = connectDisplay({ displaySocket: socketPath, viewer: far, policy, paste: 'type', onClipboard: (event) => events.push(event) })
  return { viewer, events, connection }
}

/** The encodings of one FramebufferUpdate's rectangles, read with the framing of Raw and of pseudo-encodings. */
async function readUpdate(viewer: Duplex): Promise<number[]> {
  const head = await take(viewer, 4)
  expect(head[0]).toBe(0)
  const kinds: number[] = []
  for (let missing = head.readUInt16BE(2); missing > 0; missing--) {
    const rectangle = await take(viewer, 12)
    const kind = rectangle.readInt32BE(8)
    kinds.push(kind)
    if (kind === 0) await take(viewer, rectangle.readUInt16BE(4) * rectangle.readUInt16BE(6) * 4)
    else if (kind === -308) await take(viewer, 16 * viewOf(await take(viewer, 4)).getUint8(0))
    else if (kind === -239) {
      const [width, height] = [rectangle.readUInt16BE(4), rectangle.readUInt16BE(6)]
      await take(viewer, width * height * 4 + Math.ceil(width / 8) * height)
    } else expect([-223, -257, -258]).toContain(kind)
  }
  return kinds
}

describe('the display filter before the VNC server of QEMU', () => {
  it('gives a viewer that greets like noVNC a picture in Raw, and passes its keys and its typed paste', async () => {
    const { viewer, events, connection } = watchQemu()
    const { init } = await greetAsViewer(viewer)
    expect(init.toString('latin1', 24)).toContain('QEMU')
    viewer.write(Buffer.concat([novncPixelFormat, encodeSetEncodings(novncEncodings)]))
    const picture = async () => {
      const kinds = new Set<number>()
      viewer.write(Buffer.concat([Uint8Array.of(3, 0, 0, 0, 0, 0), init.subarray(0, 4)]))
      while (!kinds.has(0)) for (const kind of await readUpdate(viewer)) kinds.add(kind)
      return kinds
    }
    expect(await picture()).toContain(-258)
    viewer.write(Buffer.concat([encodeExtendedKeyEvent(true, 0x61, 0x1e), encodeExtendedKeyEvent(false, 0x61, 0x1e)]))
    viewer.write(Buffer.concat([Uint8Array.of(6, 0, 0, 0, 0, 0, 0, 2), Buffer.from('ls')]))
    while (events.length === 0) await picture()
    expect(events).toEqual([{ direction: 'to-guest', bytes: 2, outcome: 'typed' }])
    connection.close()
    expect(await connection.closed).toEqual({ reason: 'closed' })
  })

  it('leaves the first viewer connected when a second one asks to be alone', async () => {
    const [first, second] = [watchQemu(), watchQemu()]
    const { init } = await greetAsViewer(first.viewer)
    await greetAsViewer(second.viewer)
    first.viewer.write(Buffer.concat([novncPixelFormat, encodeSetEncodings([16]), Uint8Array.of(3, 0, 0, 0, 0, 0), init.subarray(0, 4)]))
    expect(await readUpdate(first.viewer)).toContain(0)
    first.connection.close()
    second.connection.close()
    await Promise.all([first.connection.closed, second.connection.closed])
  })

  it('takes a screenshot of the whole screen', async () => {
    const frame = await takeScreenshot(socketPath)
    expect(frame.width).toBeGreaterThanOrEqual(320)
    expect(frame.rgba.length).toBe(frame.width * frame.height * 4)
    expect(new Set(frame.rgba.filter((_, index) => index % 4 === 3))).toEqual(new Set([255]))
    // A machine that has not run yet shows QEMU's notice in white on black.
    expect(frame.rgba.filter((value, index) => index % 4 === 0 && value > 128).length).toBeGreaterThan(20)
    const png = Buffer.from(await encodePng(frame))
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([frame.width, frame.height])
  })
})
