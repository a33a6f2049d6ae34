// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import type { ImageLayer, VgaHooks } from './hooks.ts'
import { V86Screen } from './screen.ts'

/** A VGA in text mode 3 whose registers a test may change. */
function setUp() {
  const state = {
    graphical_mode: false,
    svga_enabled: false,
    screen_width: 0,
    screen_height: 0,
    vga_memory: new Uint8Array(262_144),
    plane2: new Uint8Array(65_536),
    start_address: 0,
    offset_register: 40,
    max_cols: 80,
    max_rows: 25,
    line_compare: 1023,
    max_scan_line: 79,
    clocking_mode: 0,
    attribute_mode: 12,
    character_map_select: 0,
    palette_source: 32,
    cursor_address: 0,
    cursor_scanline_start: 32,
    cursor_scanline_end: 15,
    dac_mask: 255,
    dac_map: Uint8Array.from({ length: 16 }, (_, index) => index),
    vga256_palette: Int32Array.from({ length: 256 }, (_, index) => index * 0x010101),
    layers: [],
    scan_line_to_screen_row: () => 64,
    screen_fill_buffer: () => screen.update_buffer(waiting.splice(0)),
    complete_redraw: () => waiting.push(...whole),
  }
  const waiting: ImageLayer[] = []
  const whole: ImageLayer[] = []
  const screen = { update_buffer: (_layers: readonly ImageLayer[]): void => undefined }
  const vga: VgaHooks = state
  return { state, waiting, whole, shown: new V86Screen(vga, screen) }
}

function layer(changes: Partial<ImageLayer>, width: number, height: number, value: number): ImageLayer {
  const image = { data: new Uint8ClampedArray(width * height * 4).fill(value), width, height }
  return { image_data: image, screen_x: 0, screen_y: 0, buffer_x: 0, buffer_y: 0, buffer_width: width, buffer_height: height, ...changes }
}

describe('the screen of a v86', () => {
  it('tells its size without taking a change away from whoever captures next', () => {
    const { state, shown } = setUp()
    shown.capture()
    state.vga_memory[1] = 0x70
    expect(shown.size).toMatchObject({ width: 720, height: 400 })
    expect(shown.capture().changed).toEqual({ from: 0, until: 16 })
    expect(shown.capture().changed).toBeNull()
  })

  it.each([
    ['palette source', { palette_source: 0 }],
    ['screen off', { clocking_mode: 0x20 }],
  ])('is black while the guest blanks it (%s), and comes back', (_name, blanked) => {
    const { state, shown } = setUp()
    state.vga_memory[1] = 0x70
    expect(shown.capture().frame.pixels.some((byte) => byte === 7)).toBe(true)
    const before = { palette_source: state.palette_source, clocking_mode: state.clocking_mode }
    Object.assign(state, blanked)
    const { frame, changed } = shown.capture()
    expect([frame.width, frame.height, changed]).toEqual([720, 400, { from: 0, until: 400 }])
    expect(frame.pixels.every((byte) => byte === 0)).toBe(true)
    expect(shown.capture().changed).toBeNull()
    Object.assign(state, before)
    expect(shown.capture()).toMatchObject({ changed: { from: 0, until: 400 } })
  })

  it('paints the layers of a graphics mode where they lie, cut at the edges', () => {
    const { state, waiting, whole, shown } = setUp()
    Object.assign(state, { graphical_mode: true, screen_width: 10, screen_height: 8 })
    whole.push(layer({}, 10, 8, 1))
    expect(shown.capture()).toMatchObject({ frame: { width: 10, height: 8 }, changed: { from: 0, until: 8 } })
    waiting.push(layer({ screen_x: -2, screen_y: 6, buffer_height: 40 }, 5, 40, 9))
    const { frame, changed } = shown.capture()
    expect(changed).toEqual({ from: 6, until: 8 })
    const value = (x: number, y: number) => frame.pixels[(y * 10 + x) * 4]
    expect([value(0, 5), value(0, 6), value(2, 7), value(3, 6)]).toEqual([1, 9, 9, 1])
    expect(shown.capture().changed).toBeNull()
  })

  it('has a picture before the firmware has set a mode', () => {
    const { state, shown } = setUp()
    state.max_cols = 0
    expect(shown.capture()).toMatchObject({ frame: { width: 720, height: 400 }, changed: null })
  })
})
