// SPDX-License-Identifier: Apache-2.0
//
// What a screen showed in a test, picture by picture: a PNG in `folder` for each that differs from the one before, numbered, with the
// milliseconds since the recording began. For whoever has to see what a guest did.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { encodePng } from './encode-png.ts'
import type { Frame } from './frame.ts'
import type { RfbClient } from './rfb-client.ts'

export interface Recording {
  /** Ends it. @returns the files, the oldest first */
  end(): Promise<readonly string[]>
}

/** @param most pictures that are kept, the first ones */
export function recordFrames(screen: Pick<RfbClient, 'frame' | 'on' | 'off'>, folder: string, most = 1000): Recording {
  const begun = performance.now()
  const written: Promise<string>[] = []
  let last: Frame | null = null
  const look = () => {
    const { width, height, pixels } = screen.frame
    if (written.length >= most || (last !== null && isSame(last, screen.frame))) return
    last = { width, height, pixels: Uint32Array.from(pixels) }
    const name = `${String(written.length).padStart(4, '0')}-${Math.round(performance.now() - begun)}ms.png`
    written.push(write(folder, name, last))
  }
  screen.on('update', look)
  return {
    end: () => {
      screen.off('update', look)
      return Promise.all(written)
    },
  }
}

const isSame = (one: Frame, other: Frame): boolean =>
  one.width === other.width && one.height === other.height && one.pixels.every((pixel, at) => pixel === other.pixels[at])

async function write(folder: string, name: string, frame: Frame): Promise<string> {
  await mkdir(folder, { recursive: true })
  const file = join(folder, name)
  await writeFile(file, encodePng(frame))
  return file
}
