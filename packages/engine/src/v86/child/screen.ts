// SPDX-License-Identifier: Apache-2.0
import type { ChangedRows, Frame, FrameSource } from '../../rfb/frame-source.ts'
import { type TextMode, TextScreen } from '../text-screen.ts'
import type { ImageLayer, ScreenAdapterHooks, VgaHooks } from './hooks.ts'

/** Attribute controller and sequencer numbers are those of the IBM VGA. */
const LINEAR_FONT_PAGE = [0, 2, 4, 6, 1, 3, 5, 7]
const FONT_PAGE_BYTES = 8192
const BLANK = { width: 720, height: 400 }

/** The picture of a v86 VGA: text modes drawn here, graphics modes as v86 renders them. */
export class V86Screen implements FrameSource {
  private readonly vga: VgaHooks
  private readonly text = new TextScreen()
  private frame: Frame = blankFrame(BLANK.width, BLANK.height)
  private readonly drawn: ImageLayer[] = []
  private mode: 'text' | 'graphics' | 'blank' = 'blank'

  constructor(vga: VgaHooks, screen: ScreenAdapterHooks) {
    this.vga = vga
    screen.update_buffer = (layers) => {
      this.drawn.push(...layers)
    }
  }

  /** Of the last captured picture. */
  get size(): { readonly width: number; readonly height: number } {
    return this.frame
  }

  capture(): { frame: Frame; changed: ChangedRows | null } {
    const { vga } = this
    this.drawn.length = 0
    vga.screen_fill_buffer()
    if (vga.graphical_mode) return this.captureGraphics()
    const mode = isBlank(vga) ? null : textModeOf(vga)
    if (mode === null) return this.captureBlank()
    const { frame, changed } = this.text.draw(mode)
    const switched = this.mode !== 'text'
    this.mode = 'text'
    this.frame = frame
    return { frame, changed: switched ? { from: 0, until: frame.height } : changed }
  }

  private captureBlank(): { frame: Frame; changed: ChangedRows | null } {
    const wasBlank = this.mode === 'blank'
    if (!wasBlank) this.frame = blankFrame(this.frame.width, this.frame.height)
    this.mode = 'blank'
    return { frame: this.frame, changed: wasBlank ? null : { from: 0, until: this.frame.height } }
  }

  private captureGraphics(): { frame: Frame; changed: ChangedRows | null } {
    const { screen_width: width, screen_height: height } = this.vga
    if (width <= 0 || height <= 0) return this.captureBlank()
    if (this.mode !== 'graphics' || this.frame.width !== width || this.frame.height !== height) {
      this.mode = 'graphics'
      this.frame = blankFrame(width, height)
      this.vga.complete_redraw()
      this.drawn.length = 0
      this.vga.screen_fill_buffer()
    }
    let changed: ChangedRows | null = null
    for (const layer of this.drawn) {
      const rows = copyLayer(this.frame, layer)
      if (rows !== null) changed = changed === null ? rows : { from: Math.min(changed.from, rows.from), until: Math.max(changed.until, rows.until) }
    }
    return { frame: this.frame, changed }
  }
}

/** Paints as `putImageData` would; null where nothing of the layer is on the screen. */
function copyLayer(frame: Frame, layer: ImageLayer): ChangedRows | null {
  const { image_data: image } = layer
  const left = Math.max(0, layer.screen_x)
  const right = Math.min(frame.width, layer.screen_x + Math.min(layer.buffer_width, image.width - layer.buffer_x))
  const top = Math.max(0, layer.screen_y)
  const bottom = Math.min(frame.height, layer.screen_y + Math.min(layer.buffer_height, image.height - layer.buffer_y))
  if (left >= right || top >= bottom) return null
  for (let y = top; y < bottom; y++) {
    const source = ((y - layer.screen_y + layer.buffer_y) * image.width + left - layer.screen_x + layer.buffer_x) * 4
    frame.pixels.set(image.data.subarray(source, source + (right - left) * 4), (y * frame.width + left) * 4)
  }
  return { from: top, until: bottom }
}

function blankFrame(width: number, height: number): Frame {
  return { width, height, pixels: new Uint8Array(width * height * 4) }
}

/** Palette address source cleared (index bit 5), or the sequencer's screen off. */
function isBlank(vga: VgaHooks): boolean {
  return vga.palette_source === 0 || (vga.clocking_mode & 0x20) !== 0
}

/** Null while the BIOS has not set a mode yet. */
function textModeOf(vga: VgaHooks): TextMode | null {
  const cellHeight = (vga.max_scan_line & 31) + 1
  if (vga.max_cols <= 0 || vga.max_rows <= 0 || cellHeight < 2) return null
  const doubleWidth = (vga.clocking_mode & 8) !== 0
  const select = vga.character_map_select
  const cursorFrom = Math.min(vga.cursor_scanline_start & 31, cellHeight - 1)
  const cursorUntil = Math.min(vga.cursor_scanline_end & 31, cellHeight - 1)
  const hidden = (vga.cursor_scanline_start & 32) !== 0 || cursorFrom > cursorUntil
  return {
    memory: vga.vga_memory,
    start: vga.start_address,
    columns: vga.max_cols,
    rows: vga.max_rows,
    stride: Math.max(vga.max_cols, 2 * vga.offset_register),
    splitRow: vga.scan_line_to_screen_row(vga.line_compare),
    cellWidth: !doubleWidth && (vga.clocking_mode & 1) === 0 ? 9 : 8,
    cellHeight,
    doubleWidth,
    font: vga.plane2,
    fontA: fontOffset(((select & 12) >> 2) | ((select & 32) >> 3)),
    fontB: fontOffset((select & 3) | ((select & 16) >> 2)),
    blink: (vga.attribute_mode & 8) !== 0,
    lineGraphics: (vga.attribute_mode & 4) !== 0,
    colours: Array.from(vga.dac_map, (index) => vga.vga256_palette[vga.dac_mask & index] ?? 0),
    cursor: hidden ? null : { cell: vga.cursor_address, from: cursorFrom, until: cursorUntil },
  }
}

function fontOffset(index: number): number {
  return (LINEAR_FONT_PAGE[index] ?? 0) * FONT_PAGE_BYTES
}
