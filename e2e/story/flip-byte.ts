// SPDX-License-Identifier: Apache-2.0
import { open } from 'node:fs/promises'

export interface Flipped {
  readonly path: string
  readonly position: number
}

async function invert({ path, position }: Flipped): Promise<void> {
  const file = await open(path, 'r+')
  try {
    const byte = Buffer.alloc(1)
    await file.read(byte, 0, 1, position)
    byte[0] = (byte[0] ?? 0) ^ 0xff
    await file.write(byte, 0, 1, position)
  } finally {
    await file.close()
  }
}

/** Alters the middle byte of a file in place. */
export async function flipByte(path: string): Promise<Flipped> {
  const file = await open(path, 'r')
  const { size } = await file.stat().finally(() => file.close())
  const flipped = { path, position: Math.floor(size / 2) }
  await invert(flipped)
  return flipped
}

export const restoreByte = invert
