// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keysOf, typeText } from './type-text.ts'
import { type Key, SHIFT } from './us-layout.ts'

const latin1 = (text: string) => Buffer.from(text, 'latin1')

async function strokes(text: string, stopAfter = Number.POSITIVE_INFINITY) {
  const sent: string[] = []
  const abort = new AbortController()
  const name = (key: Key) => (key === SHIFT ? 'shift' : String.fromCharCode(key.keysym))
  const whole = await typeText(keysOf(latin1(text)) ?? [], {
    signal: abort.signal,
    send: async (key, down) => {
      sent.push(`${name(key)}${down ? '+' : '-'}`)
    },
    pace: async () => {
      if (sent.length >= stopAfter) abort.abort()
    },
  })
  return { sent, whole }
}

describe('typing a text', () => {
  it('has a key for every printable ASCII character, newline and tab', () => {
    const printable = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)).join('')
    expect(keysOf(latin1(`${printable}\n\t`))?.map(({ keysym }) => keysym)).toEqual([...latin1(printable), 0xff0d, 0xff09])
  })

  it.each([
    ['a', 0x1e, false],
    ['A', 0x1e, true],
    ['~', 0x29, true],
    ['|', 0x2b, true],
    ['/', 0x35, false],
    [' ', 0x39, false],
    ['\n', 0x1c, false],
    ['0', 0x0b, false],
  ])('finds %j on the US keyboard', (character, scanCode, shift) => {
    expect(keysOf(latin1(character))).toMatchObject([{ scanCode, shift }])
  })

  it('takes the line end of Windows for one newline', () => {
    expect(keysOf(latin1('a\r\nb'))).toEqual(keysOf(latin1('a\nb')))
  })

  it.each(['\x03', '\x1b[A', '\x7f', 'a\rb', '\0', 'caf\xe9'])('refuses %j whole', (text) => {
    expect(keysOf(latin1(text))).toBeNull()
  })

  it('holds shift across neighbouring capitals and lets it go at the end', async () => {
    expect(await strokes('aBC')).toEqual({ sent: ['a+', 'a-', 'shift+', 'B+', 'B-', 'C+', 'C-', 'shift-'], whole: true })
  })

  it('sends nothing after it was ended', async () => {
    expect(await strokes('abc', 3)).toEqual({ sent: ['a+', 'a-', 'b+'], whole: false })
  })

  it('leaves no key down', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme-ascii' }), async (text) => {
        const down = new Set<string>()
        for (const stroke of (await strokes(text)).sent) {
          const key = stroke.slice(0, -1)
          if (stroke.endsWith('+')) down.add(key)
          else expect(down.delete(key)).toBe(true)
        }
        expect(down.size).toBe(0)
      }),
    )
  })
})
