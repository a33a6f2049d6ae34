// SPDX-License-Identifier: Apache-2.0
//
// A small NBD server that can refuse a read, for tests: `qemu-nbd` drops the connection where a session host answers EIO.
// Source: NBD protocol, doc/proto.md: fixed newstyle, NBD_OPT_GO, simple replies.
import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import type { NbdExport } from '../../src/virtual-machine.ts'

const sectorBytes = 512
const eio = 5
const option = { go: 7 } as const
const command = { read: 0, write: 1, disconnect: 2, flush: 3 } as const

export class NbdHost {
  readonly #root: string
  readonly #servers: Server[] = []
  readonly #connections = new Set<Socket>()

  constructor(root: string) {
    this.#root = root
  }

  /** Serves `image`, taking writes into it. The first read that touches sector `failOnce` answers EIO, later ones are good. */
  async serve(image: Buffer, failOnce?: number): Promise<NbdExport> {
    const socket = join(await mkdtemp(join(this.#root, 'nbd-')), 'nbd.sock')
    let failing = failOnce
    const fails = (offset: number, length: number): boolean => {
      const touched = failing !== undefined && offset <= failing * sectorBytes && failing * sectorBytes < offset + length
      if (touched) failing = undefined
      return touched
    }
    const server = createServer((connection) => {
      this.#connections.add(connection)
      // A client that is killed resets the connection; the test looks at the VM, not at this end.
      connection.on('error', () => connection.destroy())
      connection.on('close', () => this.#connections.delete(connection))
      void answer(connection, image, fails)
    })
    this.#servers.push(server)
    server.listen(socket)
    await once(server, 'listening')
    return { socket, name: 'disk' }
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) connection.destroy()
    for (const server of this.#servers) server.close()
  }
}

async function answer(connection: Socket, image: Buffer, fails: (offset: number, length: number) => boolean): Promise<void> {
  const read = exactly(connection)
  connection.write(Buffer.from('NBDMAGICIHAVEOPT\x00\x03', 'latin1'))
  await read(4)
  for (let chosen = 0; chosen !== option.go; ) {
    const head = await read(16)
    chosen = head.readUInt32BE(8)
    await read(head.readUInt32BE(12))
    // NBD_INFO_EXPORT with HAS_FLAGS and SEND_FLUSH, then NBD_REP_ACK; any other option is NBD_REP_ERR_UNSUP.
    if (chosen === option.go)
      connection.write(Buffer.concat([optionReply(chosen, 3, exportInfo(image.length)), optionReply(chosen, 1, Buffer.alloc(0))]))
    else connection.write(optionReply(chosen, 0x80000001, Buffer.alloc(0)))
  }
  for (;;) {
    const request = await read(28)
    const [kind, offset, length] = [request.readUInt16BE(6), Number(request.readBigUInt64BE(16)), request.readUInt32BE(24)]
    if (kind === command.disconnect) return void connection.end()
    if (kind === command.write) (await read(length)).copy(image, offset)
    const failed = kind === command.read && fails(offset, length)
    const head = Buffer.alloc(16)
    head.writeUInt32BE(0x67446698, 0)
    head.writeUInt32BE(failed ? eio : 0, 4)
    request.copy(head, 8, 8, 16)
    connection.write(kind === command.read && !failed ? Buffer.concat([head, image.subarray(offset, offset + length)]) : head)
  }
}

function optionReply(chosen: number, type: number, data: Buffer): Buffer {
  const head = Buffer.alloc(20)
  head.writeBigUInt64BE(0x3e889045565a9n, 0)
  head.writeUInt32BE(chosen, 8)
  head.writeUInt32BE(type, 12)
  head.writeUInt32BE(data.length, 16)
  return Buffer.concat([head, data])
}

function exportInfo(size: number): Buffer {
  const info = Buffer.alloc(12)
  info.writeBigUInt64BE(BigInt(size), 2)
  info.writeUInt16BE(1 | 4, 10)
  return info
}

/** Reads of an exact length, one after the other; never settles once the connection has ended. */
function exactly(connection: Socket): (length: number) => Promise<Buffer> {
  let held = Buffer.alloc(0)
  let wanted: { length: number; resolve: (bytes: Buffer) => void } | undefined
  const settle = (): void => {
    if (wanted === undefined || held.length < wanted.length) return
    const { length, resolve } = wanted
    wanted = undefined
    const bytes = held.subarray(0, length)
    held = held.subarray(length)
    resolve(bytes)
  }
  connection.on('data', (bytes: Buffer) => {
    held = Buffer.concat([held, bytes])
    settle()
  })
  return (length) =>
    new Promise((resolve) => {
      wanted = { length, resolve }
      settle()
    })
}
