// SPDX-License-Identifier: Apache-2.0
import { PassThrough } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BetweenMessages } from './between-messages.ts'
import { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import type { ClipboardEvent, DisplayPolicy } from './display-policy.ts'
import { encoding } from './encodings.ts'
import { Framing } from './framing.ts'
import { relayGuest } from './guest-messages.ts'

const open: DisplayPolicy = {
  clipboard: { toGuest: { allowed: true, maxBytes: 100 }, fromGuest: { allowed: true, maxBytes: 100 } },
  input: 'allowed',
  watermark: null,
}
const shut: DisplayPolicy = { ...open, clipboard: { ...open.clipboard, fromGuest: { allowed: false, maxBytes: 100 } } }

function u16(...values: number[]): number[] {
  return values.flatMap((value) => [value >> 8, value & 255])
}
function s32(value: number): number[] {
  return u16((value >>> 16) & 0xffff, value & 0xffff)
}
function update(...rectangles: number[][]): number[] {
  return [0, 0, ...u16(rectangles.length), ...rectangles.flat()]
}
function rectangle(width: number, height: number, kind: number, payload: number[] = []): number[] {
  return [...u16(0, 0, width, height), ...s32(kind), ...payload]
}
function bytes(length: number): number[] {
  return Array.from({ length }, (_, index) => (index * 7) & 255)
}
function cutText(text: string): number[] {
  return [3, 0, 0, 0, ...s32(text.length), ...Buffer.from(text, 'latin1')]
}

async function relay(chunks: readonly Uint8Array[], policy: DisplayPolicy, offered: number[] = Object.values(encoding)) {
  const out = new PassThrough({ highWaterMark: 1 << 20 })
  const to = new ByteWriter(out)
  const events: ClipboardEvent[] = []
  const asked: number[][] = []
  const framing = new Framing()
  framing.offer(offered)
  const from = new ByteReader(
    (async function* () {
      yield* chunks
    })(),
    () => to.flush(),
  )
  const error = await relayGuest(from, to, {
    framing,
    between: new BetweenMessages(to),
    policy: () => policy,
    report: (event) => events.push(event),
    ask: (request) => asked.push([...request]),
  }).then(
    () => null,
    (reason: unknown) => reason,
  )
  await to.flush()
  const read: unknown = out.read()
  return { passed: read instanceof Uint8Array ? [...read] : [], events, error, framing }
}

const everyEncoding = update(
  rectangle(3, 2, encoding.raw, bytes(24)),
  rectangle(9, 2, encoding.cursor, bytes(9 * 2 * 4 + 2 * 2)),
  rectangle(800, 600, encoding.desktopSize),
  rectangle(1, 0, encoding.qemuPointerMotion),
  rectangle(0, 0, encoding.qemuExtendedKeys),
  rectangle(800, 600, encoding.extendedDesktopSize, [1, 0, 0, 0, ...bytes(16)]),
)
const conversation = [
  ...everyEncoding,
  2,
  ...[1, 0, ...u16(0, 2), ...bytes(12)],
  ...cutText('from the guest'),
  ...update(rectangle(1, 1, 0, bytes(4))),
]

describe('messages of the display server', () => {
  it('pass unchanged when everything is allowed', async () => {
    const { passed, error, framing } = await relay([Uint8Array.from(conversation)], open)
    expect(error).toBeNull()
    expect(passed).toEqual(conversation)
    expect(framing.extendedKeys).toBe(true)
  })

  it('lose exactly the cut text when the policy forbids it, and the loss is reported', async () => {
    const { passed, error, events } = await relay([Uint8Array.from(conversation)], shut)
    expect(error).toBeNull()
    const text = cutText('from the guest')
    const at = conversation.length - text.length - update(rectangle(1, 1, 0, bytes(4))).length
    expect(passed).toEqual(conversation.toSpliced(at, text.length))
    expect(events).toEqual([{ direction: 'from-guest', bytes: 14, outcome: 'refused' }])
  })

  it('lose a cut text of one byte too many and keep one of just the size allowed', async () => {
    const { passed, events } = await relay([Uint8Array.from([...cutText('a'.repeat(101)), ...cutText('b'.repeat(100))])], open)
    expect(passed).toEqual(cutText('b'.repeat(100)))
    expect(events.map(({ outcome }) => outcome)).toEqual(['too-large', 'passed'])
  })

  it('come out the same however the stream is cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 60 }),
        fc.constantFrom(open, shut),
        async (sizes, policy) => {
          const whole = await relay([Uint8Array.from(conversation)], policy)
          const cut = await relay(chunksOf(Uint8Array.from(conversation), sizes), policy)
          expect(cut.passed).toEqual(whole.passed)
          expect(cut.events).toEqual(whole.events)
        },
      ),
    )
  })

  it.each<[string, number[]]>([
    ['an unknown message type', [4, 0, 0, 0]],
    ['an audio message of QEMU', [255, 1, 0, 0]],
    ['an encoding that no viewer may be offered', update(rectangle(4, 4, 7, bytes(64)))],
    ['a rectangle beyond any screen', update(rectangle(16_385, 1, 0, bytes(64)))],
    ['a copy within the picture, which would carry a watermark along', update(rectangle(3, 2, 1, bytes(4)))],
    ['a compressed rectangle, into which nothing can be drawn', update(rectangle(9, 2, 16, [...s32(5), ...bytes(5)]))],
    ['a pointer of the size of a picture', update(rectangle(257, 1, encoding.cursor, bytes(257 * 4 + 33)))],
    ['an extended cut text', [3, 0, 0, 0, ...s32(-8), ...bytes(8)]],
    ['a message cut short', update(rectangle(2, 2, 0, bytes(15)))],
  ])('end the connection at %s', async (_, message) => {
    expect((await relay([Uint8Array.from(message)], open)).error).toMatchObject({ code: 'rfb-protocol' })
  })

  it('end the connection at an encoding that the viewer did not offer, and pass the same once it did', async () => {
    const message = Uint8Array.from(update(rectangle(800, 600, encoding.desktopSize)))
    expect((await relay([message], open, [encoding.raw])).error).toMatchObject({ code: 'rfb-protocol' })
    expect((await relay([message], open, [encoding.desktopSize])).error).toBeNull()
  })

  it('never crash the relay, whatever the bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ minLength: 1, maxLength: 80 }), { maxLength: 6 }), async (chunks) => {
        const { error } = await relay(chunks, shut)
        if (error !== null) expect(error).toMatchObject({ code: 'rfb-protocol' })
      }),
      { numRuns: 500 },
    )
  })
})

function chunksOf(all: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = []
  for (let at = 0, turn = 0; at < all.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1
    chunks.push(all.subarray(at, at + size))
    at += size
  }
  return chunks
}
