// SPDX-License-Identifier: Apache-2.0
//
// A compressed raw image, unpacked while it is read and never kept. Its size is known only at its end, and is part of the manifest:
// it is read through once when it is opened, which also finds damage before the long part.
import { spawn } from 'node:child_process'
import { pipeline, Readable } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { blockBytes } from '../chunk/cut.ts'
import { PackageError } from '../error.ts'
import { maxDiskBytes } from '../manifest.ts'
import type { DiskSource, SourceExtent } from './disk-source.ts'
import { checkUnchanged, type ImageFile, readImage } from './image-file.ts'
import { headBytes, recogniseImage, type StreamFormat } from './image-format.ts'
import { checkDiskSize } from './whole-sectors.ts'

const xzMemory = '256MiB'
/** Read at once. */
const packedBytes = 262_144

/** @throws PackageError `image-damaged`, `image-unsupported`, `tool-missing`, `disk-empty`, `disk-invalid`, `disk-too-large` */
export async function openStreamSource(image: ImageFile, format: StreamFormat): Promise<DiskSource> {
  let size = 0
  let head = Buffer.alloc(0)
  for await (const part of partsOf(image, format)) {
    if (head.length < headBytes) head = Buffer.concat([head, part.subarray(0, headBytes - head.length)])
    size += part.length
    if (size > maxDiskBytes) break
  }
  checkDiskSize(image.path, size)
  const inside = recogniseImage(image.path, head, Buffer.alloc(0))
  if (inside !== 'raw')
    throw new PackageError('image-unsupported', `\`${image.path}\`: expected a raw image inside, found ${inside}: unpack it first`)
  return new StreamSource(image, format, size, head)
}

class StreamSource implements DiskSource {
  readonly path: string
  readonly size: number
  readonly head: Buffer
  readonly anyOrder = false
  readonly #image: ImageFile
  readonly #parts: AsyncGenerator<Buffer>
  #rest: Buffer = Buffer.alloc(0)
  #at = 0

  constructor(image: ImageFile, format: StreamFormat, size: number, head: Buffer) {
    this.path = image.path
    this.size = Math.ceil(size / blockBytes) * blockBytes
    this.head = head
    this.#image = image
    this.#parts = partsOf(image, format)
  }

  /** In rising order, without a gap: a stream cannot go back. */
  async read(offset: number, into: Buffer): Promise<void> {
    if (offset !== this.#at) throw new Error(`expected to be read at ${this.#at}, asked for ${offset}`)
    this.#at += into.length
    for (let at = 0; at < into.length; ) {
      if (this.#rest.length === 0) {
        const next = await this.#parts.next()
        if (next.done === true) {
          into.fill(0, at)
          return
        }
        this.#rest = next.value
      }
      const taken = this.#rest.copy(into, at)
      this.#rest = this.#rest.subarray(taken)
      at += taken
    }
  }

  async extent(_: number, length: number): Promise<SourceExtent> {
    return { length, zero: false }
  }

  async checkUnchanged(): Promise<void> {
    await checkUnchanged(this.#image)
  }

  async close(): Promise<void> {
    await this.#parts.return(undefined)
    await this.#image.file.close()
  }
}

/** The unpacked bytes from the beginning. @throws PackageError `image-damaged`, `tool-missing` */
async function* partsOf(image: ImageFile, format: StreamFormat): AsyncGenerator<Buffer> {
  // Not `createReadStream`, which would close the file with itself.
  const packed = Readable.from(packedParts(image), { highWaterMark: 2 })
  const unpacked = format === 'xz' ? unpackXz(packed) : pipeline(packed, format === 'gzip' ? createGunzip() : createZstdDecompress(), () => undefined)
  try {
    yield* unpacked
  } catch (cause) {
    if (cause instanceof PackageError) throw cause
    throw new PackageError('image-damaged', `\`${image.path}\` cannot be unpacked as ${format}`, cause)
  } finally {
    packed.destroy()
    unpacked.destroy()
  }
}

async function* packedParts(image: ImageFile): AsyncGenerator<Buffer> {
  for (let at = 0; at < image.length; at += packedBytes) {
    const part = Buffer.allocUnsafeSlow(Math.min(packedBytes, image.length - at))
    await readImage(image, at, part)
    yield part
  }
}

/** Node has no xz; the program of the same name has. */
function unpackXz(packed: Readable): Readable {
  const child = spawn('xz', ['--decompress', '--stdout', `--memlimit-decompress=${xzMemory}`], { stdio: ['pipe', 'pipe', 'pipe'] })
  const ended = Promise.withResolvers<void>()
  ended.promise.catch(() => undefined)
  let told = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    told = (told + text).slice(0, 1000)
  })
  child.once('error', (cause) => ended.reject(new PackageError('tool-missing', 'the program `xz` is needed to unpack this image', cause)))
  child.once('close', (code) => (code === 0 ? ended.resolve() : ended.reject(new Error(told.trim() || `xz ended with ${code}`))))
  pipeline(packed, child.stdin, () => undefined)
  async function* parts(): AsyncGenerator<Buffer> {
    try {
      yield* child.stdout
      await ended.promise
    } finally {
      child.kill('SIGKILL')
    }
  }
  return Readable.from(parts())
}
