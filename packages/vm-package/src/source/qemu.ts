// SPDX-License-Identifier: Apache-2.0
//
// Images of other products, through `qemu-nbd` on a socket of our own: read in place with their own map of zeros, never copied. The
// program gets the open file, the format that was recognised and no backing file; it runs under limits, since its parsers are fed by
// whoever made the image.
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { blockBytes } from '../chunk/cut.ts'
import { PackageError } from '../error.ts'
import type { DiskSource, SourceExtent } from './disk-source.ts'
import { checkUnchanged, type ImageFile } from './image-file.ts'
import { type DriverFormat, headBytes } from './image-format.ts'
import { greetNbd, type NbdClient } from './nbd-client.ts'
import { fileNode } from './qemu-node.ts'
import { checkDiskSize } from './whole-sectors.ts'
import { ZeroRanges } from './zero-ranges.ts'

/** Of address space, for `qemu-nbd`; opening an ordinary image takes a tenth. */
const mostMemory = 2 ** 31
const startMs = 15_000
/** Asked for at once, in bytes. */
const statusBytes = 134_217_728

/** @throws PackageError `image-damaged`, `tool-missing`, `disk-empty`, `disk-invalid`, `disk-too-large` */
export async function openQemuSource(image: ImageFile, format: DriverFormat): Promise<DiskSource> {
  const folder = await mkdtemp(join(tmpdir(), 'casemate-image-'))
  const server = startServer(image, format, join(folder, 's'))
  // Where QEMU cannot read a part of an image, it closes the connection.
  const damage = (error: unknown) => {
    if (error instanceof PackageError && error.code !== 'nbd-protocol') return error
    const told = server.told()
    return new PackageError('image-damaged', `\`${image.path}\` cannot be read as ${format}${told === '' ? '' : `: ${told}`}`, error)
  }
  const stop = async () => {
    server.kill()
    await server.over
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const client = await greetNbd(await connectTo(join(folder, 's'), server.over))
    checkDiskSize(image.path, client.size)
    const head = Buffer.alloc(Math.min(headBytes, client.size))
    await client.read(0, head)
    return new QemuSource(image, { client, head, damage, stop })
  } catch (error) {
    await stop()
    throw damage(error)
  }
}

interface Opened {
  readonly client: NbdClient
  readonly head: Buffer
  readonly damage: (error: unknown) => PackageError
  readonly stop: () => Promise<void>
}

class QemuSource implements DiskSource {
  readonly path: string
  readonly size: number
  readonly head: Buffer
  readonly anyOrder = true
  readonly #image: ImageFile
  readonly #client: NbdClient
  readonly #damage: Opened['damage']
  readonly #stop: () => Promise<void>
  #known = new ZeroRanges()
  /** From where to where `#known` knows. */
  #knownFrom = 0
  #knownTo = 0

  constructor(image: ImageFile, { client, head, damage, stop }: Opened) {
    this.path = image.path
    this.size = Math.ceil(client.size / blockBytes) * blockBytes
    this.head = head
    this.#image = image
    this.#client = client
    this.#damage = damage
    this.#stop = stop
  }

  async read(offset: number, into: Buffer): Promise<void> {
    const wanted = Math.min(into.length, this.#client.size - offset)
    try {
      await this.#client.read(offset, into.subarray(0, wanted))
    } catch (error) {
      throw this.#damage(error)
    }
    into.fill(0, wanted)
  }

  async extent(offset: number, length: number): Promise<SourceExtent> {
    if (offset < this.#knownFrom || offset >= this.#knownTo) await this.#ask(offset)
    return this.#known.at(offset, Math.min(length, Math.max(blockBytes, Math.floor((this.#knownTo - offset) / blockBytes) * blockBytes)))
  }

  async checkUnchanged(): Promise<void> {
    await checkUnchanged(this.#image)
  }

  async close(): Promise<void> {
    this.#client.close()
    await this.#stop()
    await this.#image.file.close()
  }

  async #ask(offset: number): Promise<void> {
    this.#known = new ZeroRanges()
    let at = offset
    const asked = this.#client.extents(offset, Math.min(statusBytes, this.#client.size - offset))
    for (const { length, zero } of await asked.catch((error: unknown) => Promise.reject(this.#damage(error)))) {
      if (zero) this.#known.add(at, at + length)
      at += length
    }
    this.#knownFrom = offset
    this.#knownTo = at
  }
}

interface Server {
  /** Resolves when the program is over. */
  readonly over: Promise<void>
  /** What it said, shortened. */
  readonly told: () => string
  readonly kill: () => void
}

function startServer(image: ImageFile, format: DriverFormat, socket: string): Server {
  // `backing: null` keeps a qcow2 or VMDK from opening another file, whatever it says.
  const chained = format === 'qcow2' || format === 'vmdk' ? { backing: null } : {}
  const node = `json:${JSON.stringify({ driver: format, 'read-only': true, ...chained, file: fileNode(image) })}`
  const limits = [`--as=${mostMemory}`, '--core=0', '--fsize=0', '--nofile=64']
  const child = spawn('prlimit', [...limits, 'qemu-nbd', '--read-only', '--shared=1', `--socket=${socket}`, node], {
    stdio: ['ignore', 'ignore', 'pipe', image.file.fd],
  })
  let told = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    told = (told + text).slice(0, 500)
  })
  const over = new Promise<void>((resolve, reject) => {
    child.once('error', (cause) => reject(new PackageError('tool-missing', 'the programs `prlimit` and `qemu-nbd` are needed for this image', cause)))
    child.once('close', () => resolve())
  })
  over.catch(() => undefined)
  return { over, told: () => told.trim().replace(/^qemu-nbd: /, ''), kill: () => void child.kill('SIGKILL') }
}

async function connectTo(path: string, over: Promise<void>): Promise<Socket> {
  let ended = false
  const gone = over.finally(() => {
    ended = true
  })
  gone.catch(() => undefined)
  for (const deadline = performance.now() + startMs; performance.now() < deadline && !ended; await Promise.race([wait(20), gone])) {
    const socket = await tryToConnect(path)
    if (socket !== null) return socket
  }
  throw new PackageError('nbd-protocol', 'the image is not served')
}

async function tryToConnect(path: string): Promise<Socket | null> {
  const socket = connect(path)
  const { promise, resolve } = Promise.withResolvers<Socket | null>()
  socket.once('connect', () => resolve(socket))
  socket.once('error', () => resolve(null))
  return await promise
}
