// SPDX-License-Identifier: Apache-2.0
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { BetweenMessages } from './between-messages.ts'
import { ByteWriter } from './byte-writer.ts'
import { DesktopSizes, encodeSizeAnswer, judgeSize } from './desktop-size.ts'
import { Framing } from './framing.ts'

const u16 = (...values: number[]) => values.flatMap((value) => [value >> 8, value & 255])
/** One screen, number 7. */
const screens = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 7, ...new Uint8Array(12))
const screen = (width: number, height: number, id = 7, x = 0) => [0, 0, 0, id, ...u16(x, 0, width, height), 0, 0, 0, 0]
const asking = (width: number, height: number, ...shown: number[][]) =>
  Uint8Array.from([251, 0, ...u16(width, height), shown.length, 0, ...shown.flat()])
const size = (width: number, height: number) => asking(width, height, screen(width, height))

describe('a size of the screen', () => {
  it.each<[number, number, ReturnType<typeof judgeSize>]>([
    [320, 200, null],
    [319, 200, 2],
    [320, 199, 2],
    [4096, 4096, null],
    [4097, 4096, 2],
    [4096, 4097, 2],
    [0, 0, 2],
    [65_535, 65_535, 2],
  ])('%i by %i is answered by %s', (width, height, answer) => {
    expect(judgeSize(size(width, height), screens)).toBe(answer)
  })

  it.each([
    ['no screen', asking(640, 480)],
    ['two screens', asking(640, 480, screen(320, 480), screen(320, 480, 8, 320))],
    ['a screen that is not all of the picture', asking(640, 480, screen(320, 480))],
    ['a screen beside the picture', asking(640, 480, screen(640, 480, 7, 1))],
    ['a screen that is not there', asking(640, 480, screen(640, 480, 8))],
  ])('is refused with %s', (_, message) => {
    expect(judgeSize(size(640, 480), screens)).toBeNull()
    expect(judgeSize(message, screens)).toBe(3)
  })
})

describe('sizes asked for one after another', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  function sizes(announced: Uint8Array | null = screens, taken = false) {
    const framing = new Framing()
    framing.screens = announced
    framing.resize(800, 600)
    const toGuest: Uint8Array[] = []
    const toViewer: Uint8Array[] = []
    const may = { input: true }
    const asked = new DesktopSizes({
      ...{ framing, taken, intervalMs: 250, allowed: () => may.input },
      toGuest: (message) => toGuest.push(message),
      toViewer: (message) => toViewer.push(message),
    })
    return { asked, framing, toGuest, toViewer, may }
  }

  it('are passed on at once, then at most one in an interval: the last', () => {
    const { asked, toGuest } = sizes()
    for (let width = 400; width < 500; width++) asked.ask(size(width, 300))
    expect(toGuest).toEqual([size(400, 300)])
    vi.advanceTimersByTime(250)
    expect(toGuest).toEqual([size(400, 300), size(499, 300)])
    vi.advanceTimersByTime(1000)
    asked.ask(size(700, 300))
    expect(toGuest).toHaveLength(3)
    expect(asked.refused).toBe(0)
  })

  it('are refused with their reason, which the viewer is told as often', () => {
    const { asked, framing, toGuest, toViewer, may } = sizes()
    for (let count = 0; count < 100; count++) asked.ask(size(5000, 300))
    vi.advanceTimersByTime(250)
    may.input = false
    asked.ask(size(640, 480))
    vi.advanceTimersByTime(250)
    expect(toGuest).toEqual([])
    expect(toViewer).toEqual([2, 2, 1].map((reason) => encodeSizeAnswer(reason === 1 ? 1 : 2, framing, screens)))
    expect([...(toViewer[0] ?? [])]).toEqual([0, 0, ...u16(1, 1, 2, 800, 600), 255, 255, 254, 204, ...screens])
    expect(asked.refused).toBe(3)
    may.input = true
    asked.ask(size(640, 480))
    vi.advanceTimersByTime(250)
    expect(toGuest).toEqual([size(640, 480)])
  })

  it('are announced once to a viewer that knows of them, where the server takes them without having said so', () => {
    const { asked, framing, toGuest, toViewer } = sizes(null, true)
    asked.offered()
    expect(toViewer).toEqual([])
    framing.offer([-308])
    asked.offered()
    asked.offered()
    expect(toViewer.map((message) => [...message])).toEqual([
      [0, 0, ...u16(1, 0, 0, 800, 600), 255, 255, 254, 204, 1, 0, 0, 0, ...screen(800, 600, 0)],
    ])
    asked.ask(asking(640, 480, screen(640, 480, 0)))
    expect(toGuest).toHaveLength(1)
    const v86 = sizes(null, false)
    v86.framing.offer([-308])
    v86.asked.offered()
    expect(v86.toViewer).toEqual([])
  })

  it('go nowhere before the server takes any, and once the viewer is gone', () => {
    const deaf = sizes(null)
    deaf.asked.ask(size(640, 480))
    expect({ guest: deaf.toGuest, viewer: deaf.toViewer, refused: deaf.asked.refused }).toEqual({ guest: [], viewer: [], refused: 1 })
    const { asked, toGuest } = sizes()
    asked.ask(size(640, 480))
    asked.ask(size(800, 600))
    asked.close()
    vi.advanceTimersByTime(1000)
    expect(toGuest).toHaveLength(1)
  })
})

it('an answer waits for the end of the message that the server is sending', async () => {
  const out = new PassThrough()
  const to = new ByteWriter(out)
  const between = new BetweenMessages(to)
  between.end()
  between.add(Uint8Array.of(1))
  between.begin()
  await to.write(Uint8Array.of(2))
  between.add(Uint8Array.of(8))
  between.add(Uint8Array.of(9))
  await to.write(Uint8Array.of(3))
  between.end()
  await to.flush()
  expect([...out.read()]).toEqual([1, 2, 3, 9])
})
