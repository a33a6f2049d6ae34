// SPDX-License-Identifier: Apache-2.0
import { PassThrough } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteReader, viewOf } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { DesktopSizes } from './desktop-size.ts'
import type { ClipboardEvent, DisplayPolicy } from './display-policy.ts'
import { encodeSetEncodings } from './encodings.ts'
import { Framing } from './framing.ts'
import { GuestInput } from './guest-input.ts'
import { encodeExtendedKeyEvent, encodeKeyEvent } from './key-event.ts'
import { relayViewer } from './viewer-messages.ts'

const open: DisplayPolicy = {
  clipboard: { toGuest: { allowed: true, maxBytes: 100 }, fromGuest: { allowed: false, maxBytes: 0 } },
  input: 'allowed',
  watermark: null,
}
const noPaste: DisplayPolicy = { ...open, clipboard: { ...open.clipboard, toGuest: { allowed: false, maxBytes: 100 } } }
const noInput: DisplayPolicy = { ...open, input: 'refused' }

function pixelFormat(bits: number, trueColour = 1): number[] {
  return [0, 0, 0, 0, bits, 24, 0, trueColour, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0]
}
function cutText(text: string, length = text.length): number[] {
  const message = new Uint8Array(8)
  message[0] = 6
  viewOf(message).setInt32(4, length)
  return [...message, ...Buffer.from(text, 'latin1')]
}
const request = [3, 1, 0, 0, 0, 0, 1, 0, 1, 0]
const pointer = [5, 1, 0, 10, 0, 20]
const key = [...encodeKeyEvent(true, 0x61)]
const extendedKey = [...encodeExtendedKeyEvent(true, 0x61, 0x1e)]
const setDesktopSize = [251, 0, 4, 0, 3, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 3, 0, 0, 0, 0, 0]

async function relay(chunks: Iterable<Uint8Array>, policy: DisplayPolicy | (() => DisplayPolicy), paste: 'forward' | 'type' = 'forward') {
  const out = new PassThrough({ highWaterMark: 1 << 20 })
  const to = new ByteWriter(out)
  const events: ClipboardEvent[] = []
  const framing = new Framing()
  framing.screens = Uint8Array.of(1, ...new Uint8Array(19))
  const input = new GuestInput(to, framing, 0)
  const from = new ByteReader(
    (async function* () {
      yield* chunks
    })(),
    () => to.flush(),
  )
  const now = typeof policy === 'function' ? policy : () => policy
  const sizes = new DesktopSizes({
    ...{ framing, taken: false, intervalMs: 0, allowed: () => now().input === 'allowed' },
    toGuest: (message) => to.add(message),
    toViewer: () => undefined,
  })
  const error = await relayViewer(from, to, { framing, input, sizes, paste, policy: now, report: (event) => events.push(event) }).then(
    () => null,
    (reason: unknown) => reason,
  )
  await input.idle()
  await to.flush()
  const read: unknown = out.read()
  return { passed: read instanceof Uint8Array ? [...read] : [], events, error }
}
const sent = (...messages: number[][]) => [Uint8Array.from(messages.flat())]

describe('messages of a viewer', () => {
  it('pass unchanged when everything is allowed', async () => {
    const messages = [pixelFormat(32), request, key, extendedKey, pointer, setDesktopSize, cutText('hello'), request]
    const { passed, error, events } = await relay(sent(...messages), open)
    expect(error).toBeNull()
    expect(passed).toEqual(messages.flat())
    expect(events).toEqual([{ direction: 'to-guest', bytes: 5, outcome: 'passed' }])
  })

  it('lose keys, pointer and resizing where input is refused, and keep the picture going', async () => {
    const { passed } = await relay(sent(request, key, extendedKey, pointer, setDesktopSize, request), noInput)
    expect(passed).toEqual([...request, ...request])
  })

  it('lose a cut text that the policy forbids, and the loss is reported', async () => {
    const { passed, events } = await relay(sent(cutText('secret'), request), noPaste)
    expect(passed).toEqual(request)
    expect(events).toEqual([{ direction: 'to-guest', bytes: 6, outcome: 'refused' }])
  })

  it('lose a cut text of one byte too many and keep one of just the size allowed', async () => {
    const { passed, events } = await relay(sent(cutText('x'.repeat(101)), cutText('y'.repeat(100))), open)
    expect(passed).toEqual(cutText('y'.repeat(100)))
    expect(events.map(({ outcome }) => outcome)).toEqual(['too-large', 'passed'])
  })

  it('lose a cut text that was allowed when it began and no longer when it ended', async () => {
    const whole = Uint8Array.from(cutText('half way'))
    let policy = open
    const chunks = (function* () {
      yield whole.subarray(0, 10)
      policy = noPaste
      yield whole.subarray(10)
    })()
    const { passed, events } = await relay(chunks, () => policy)
    expect(passed).toEqual([])
    expect(events).toEqual([{ direction: 'to-guest', bytes: 8, outcome: 'refused' }])
  })

  it('offer the server no encoding of pixels but Raw, and of the others those whose framing is known', async () => {
    const { passed } = await relay(
      [encodeSetEncodings([1, 7, -260, 16, 5, 2, 0, -32, -256, -223, -224, -258, -261, -308, -313, 0x574d5664, -239])],
      open,
    )
    expect(passed).toEqual([...encodeSetEncodings([0, -256, -223, -258, -308, -239])])
  })

  it('offer Raw where a viewer offers nothing that is known', async () => {
    const { passed } = await relay([encodeSetEncodings([7, 5])], open)
    expect(passed).toEqual([...encodeSetEncodings([0])])
  })

  it.each<[string, number[]]>([
    ['an unknown message type', [7, 0, 0, 0]],
    ['a message of the fence extension', [248, 0, 0, 0, 0, 0, 0, 0, 0]],
    ['an audio message of QEMU', [255, 1, 0, 0, ...Array.from({ length: 8 }, () => 0)]],
    ['16 bits per pixel', pixelFormat(16)],
    ['a colour map', pixelFormat(32, 0)],
    ['a colour across two bytes', pixelFormat(32).toSpliced(15, 1, 12)],
    ['a colour of seven bits', pixelFormat(32).toSpliced(9, 1, 127)],
    ['an extended cut text', cutText('', -20)],
    ['more encodings than exist', [2, 0, 0xff, 0xff]],
    ['a message cut short', request.slice(0, 9)],
  ])('end the connection at %s', async (_, message) => {
    expect((await relay(sent(message), open)).error).toMatchObject({ code: 'rfb-protocol' })
  })

  it('become key events where pastes are typed', async () => {
    const { passed, events } = await relay(sent(cutText('aB')), open, 'type')
    const pressed = [encodeKeyEvent(true, 0x61), encodeKeyEvent(false, 0x61), encodeKeyEvent(true, 0xffe1)]
    const rest = [encodeKeyEvent(true, 0x42), encodeKeyEvent(false, 0x42), encodeKeyEvent(false, 0xffe1)]
    expect(passed).toEqual([...pressed, ...rest].flatMap((message) => [...message]))
    expect(events).toEqual([{ direction: 'to-guest', bytes: 2, outcome: 'typed' }])
  })

  it('are not typed where the policy refuses input, though the clipboard is allowed', async () => {
    const { passed, events } = await relay(sent(cutText('a')), noInput, 'type')
    expect(passed).toEqual([])
    expect(events).toEqual([{ direction: 'to-guest', bytes: 1, outcome: 'refused' }])
  })

  it('are typed one paste at a time, after the keys that the viewer holds were let go', async () => {
    const control = [...encodeKeyEvent(true, 0xffe3)]
    const { passed, events } = await relay(sent(control, cutText('a'), cutText('b')), open, 'type')
    expect(passed).toEqual([...control, ...encodeKeyEvent(false, 0xffe3), ...encodeKeyEvent(true, 0x61), ...encodeKeyEvent(false, 0x61)])
    expect(events.map(({ outcome }) => outcome)).toEqual(['busy', 'typed'])
  })

  it('come out the same however the stream is cut', async () => {
    const all = Uint8Array.from(
      [pixelFormat(32), [...encodeSetEncodings([16, 7, 0])], request, key, pointer, cutText('hello'), extendedKey, request].flat(),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: all.length }), { maxLength: 40 }),
        fc.constantFrom(open, noPaste, noInput),
        async (cuts, policy) => {
          const edges = [0, ...cuts.toSorted((a, b) => a - b), all.length]
          const chunks = edges.slice(1).map((end, index) => all.subarray(edges[index], end))
          const [whole, cut] = [await relay([all], policy), await relay(chunks, policy)]
          expect(cut.passed).toEqual(whole.passed)
          expect(cut.events).toEqual(whole.events)
        },
      ),
    )
  })

  it('never crash the relay, whatever the bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ minLength: 1, maxLength: 80 }), { maxLength: 6 }), async (chunks) => {
        const { error } = await relay(chunks, noPaste)
        if (error !== null) expect(error).toMatchObject({ code: 'rfb-protocol' })
      }),
      { numRuns: 500 },
    )
  })
})
