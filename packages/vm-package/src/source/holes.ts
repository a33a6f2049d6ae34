// SPDX-License-Identifier: Apache-2.0
//
// Where a sparse file has its holes. Node cannot ask for them (SEEK_HOLE); `qemu-img map` can. Without it everything is read, which
// gives the same package later.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import type { ImageFile } from './image-file.ts'
import { fileNode } from './qemu-node.ts'
import { ZeroRanges } from './zero-ranges.ts'

/** One line of `qemu-img map --output=json`, which prints an extent a line. */
const extent = z.object({ start: z.int().min(0), length: z.int().min(0), zero: z.boolean() })

/** @param image a raw one. Its file is not looked up again by its name. */
export async function findHoles(image: ImageFile): Promise<ZeroRanges> {
  const node = `json:${JSON.stringify({ driver: 'raw', file: fileNode(image) })}`
  const child = spawn('qemu-img', ['map', '--output=json', node], { stdio: ['ignore', 'pipe', 'ignore', image.file.fd] })
  if (child.stdout === null) throw new Error('expected a pipe from `qemu-img`')
  const ended = new Promise<boolean>((resolve) => {
    child.once('error', () => resolve(false))
    child.once('close', (code) => resolve(code === 0))
  })
  const holes = new ZeroRanges()
  for await (const line of createInterface(child.stdout)) {
    const { start, length, zero } = extent.parse(JSON.parse(line.replace(/^\[|[,\]]$/g, '')))
    if (zero) holes.add(start, start + length)
  }
  return (await ended) ? holes : new ZeroRanges()
}
