// SPDX-License-Identifier: Apache-2.0
//
// A small picture of a machine's screen.
import { encodePng, type Frame } from '@casemate/engine/encode-png'
import { takeScreenshot } from '@casemate/engine/screenshot'
import type { Watermark } from '@casemate/engine/watermark'

const mostWidth = 320
const patienceMs = 2000

/** PNG, `mark` in it; null where the screen does not show itself in time: a snapshot does without. */
export async function thumbnailOf(displaySocket: string, mark: Watermark | null): Promise<Uint8Array | null> {
  const frame = await takeScreenshot(displaySocket, patienceMs).catch(() => null)
  if (frame === null) return null
  const small = shrunk(frame)
  return encodePng(mark === null ? small : marked(small, mark))
}

function marked(frame: Frame, mark: Watermark): Frame {
  const rgba = Uint8Array.from(frame.rgba)
  mark.draw(rgba, { x: 0, y: 0, width: frame.width }, 0)
  for (let alpha = 3; alpha < rgba.length; alpha += 4) rgba[alpha] = 255
  return { ...frame, rgba }
}

/** Every pixel is the mean of those it stands for. */
export function shrunk({ width, height, rgba }: Frame): Frame {
  const factor = Math.ceil(width / mostWidth)
  if (factor <= 1) return { width, height, rgba }
  const small = { width: Math.ceil(width / factor), height: Math.ceil(height / factor) }
  const pixels = new Uint8Array(small.width * small.height * 4)
  for (let y = 0; y < small.height; y++) {
    for (let x = 0; x < small.width; x++) {
      const right = Math.min(width, (x + 1) * factor)
      const below = Math.min(height, (y + 1) * factor)
      for (let channel = 0; channel < 4; channel++) {
        let sum = 0
        for (let row = y * factor; row < below; row++) {
          for (let column = x * factor; column < right; column++) sum += rgba[(row * width + column) * 4 + channel] ?? 0
        }
        pixels[(y * small.width + x) * 4 + channel] = Math.round(sum / ((below - y * factor) * (right - x * factor)))
      }
    }
  }
  return { ...small, rgba: pixels }
}
