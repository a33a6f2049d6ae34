// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import type { Emulator } from './hooks.ts'
import { GuestInput } from './input.ts'

function setUp() {
  const sent: [string, unknown][] = []
  const listeners = new Map<string, (value: unknown) => void>()
  const emulator: Pick<Emulator, 'bus' | 'add_listener'> = {
    bus: { send: (event, value) => void sent.push([event, value]) },
    add_listener: (event, listener) => void listeners.set(event, listener),
  }
  const input = new GuestInput(emulator, () => ({ width: 720, height: 400 }))
  const pointer = (x: number, y: number, buttons = 0) => {
    sent.length = 0
    input.take({ kind: 'pointer', x, y, buttons })
    return [...sent]
  }
  return { input, pointer, sent, absolute: (on: boolean) => listeners.get('vmware-absolute-mouse')?.(on) }
}

const sum = (moves: readonly [string, unknown][]) =>
  moves
    .filter(([event]) => event === 'mouse-delta')
    .map(([, delta]) => (Array.isArray(delta) ? delta : []))
    .reduce(([x, y], [dx, dy]) => [x + dx, y + dy], [0, 0])

describe('guest input', () => {
  it('passes scan codes byte by byte', () => {
    const { input, sent } = setUp()
    input.take({ kind: 'scancodes', bytes: [0xe0, 0x1d] })
    expect(sent).toEqual([
      ['keyboard-code', 0xe0],
      ['keyboard-code', 0x1d],
    ])
  })

  it('moves a relative mouse by the difference, up being positive, in steps that a PS/2 packet holds', () => {
    const { pointer } = setUp()
    expect(pointer(100, 100)).toEqual([])
    const moves = pointer(500, 50)
    expect(sum(moves)).toEqual([400, 50])
    expect(moves.length).toBe(4)
  })

  it('pushes past the edge, where any drift ends, and not elsewhere', () => {
    const { pointer } = setUp()
    pointer(100, 100)
    expect(sum(pointer(0, 399))).toEqual([-100 - 720, -299 - 400])
    expect(sum(pointer(1, 398))).toEqual([1, 1])
  })

  it('gives the position to a driver that takes it, with a step to wake it', () => {
    const { pointer, absolute } = setUp()
    absolute(true)
    expect(pointer(719, 0)).toEqual([
      ['mouse-absolute', [719, 0, 719, 399]],
      ['mouse-delta', [1, 0]],
    ])
    absolute(false)
    expect(pointer(709, 10)).toEqual([['mouse-delta', [-10, -10]]])
  })

  it('sends buttons when they change and the wheel once a notch', () => {
    const { pointer } = setUp()
    expect(pointer(5, 5, 1)).toEqual([['mouse-click', [true, false, false]]])
    expect(pointer(5, 5, 1)).toEqual([])
    expect(pointer(5, 5, 1 | 4 | 8)).toEqual([
      ['mouse-click', [true, false, true]],
      ['mouse-wheel', [1, 0]],
    ])
    expect(pointer(5, 5, 16)).toEqual([
      ['mouse-click', [false, false, false]],
      ['mouse-wheel', [-1, 0]],
    ])
    expect(pointer(5, 5, 0)).toEqual([])
  })
})
