// SPDX-License-Identifier: Apache-2.0

/** A picture: `pixels[y * width + x]` is 0x00RRGGBB. */
export interface Frame {
  readonly width: number
  readonly height: number
  readonly pixels: Uint32Array
}

export interface Rectangle {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export function blankFrame(width: number, height: number): Frame {
  return { width, height, pixels: new Uint32Array(width * height) }
}

/** Paints `rectangle` from raw pixels of 4 bytes: blue, green, red, unused. The rectangle lies within the frame. */
export function paintRaw(frame: Frame, { x, y, width, height }: Rectangle, raw: Buffer): void {
  for (let row = 0; row < height; row++) {
    const target = (y + row) * frame.width + x
    const source = row * width * 4
    for (let column = 0; column < width; column++) frame.pixels[target + column] = raw.readUInt32LE(source + column * 4) & 0xff_ff_ff
  }
}
