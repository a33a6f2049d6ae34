// SPDX-License-Identifier: Apache-2.0
//
// As much of a 9P2000.L client as it takes to ask for what no kernel would: names with slashes, places above the folder.
import { type Duplex, duplexPair } from 'node:stream'
import { errno, Reader, Writer } from '../../src/folders/child/wire.ts'

export const O = { read: 0, write: 1, readWrite: 2, trunc: 0o1000 } as const

export class NineClient {
  readonly stream: Duplex
  #waiting: Buffer = Buffer.alloc(0)
  #answers: ((answer: Buffer | null) => void)[] = []
  #fids = 0

  constructor(serve: (connection: Duplex) => void) {
    const [near, far] = duplexPair()
    this.stream = near
    near.on('error', () => undefined)
    near.on('end', () => near.destroy())
    near.on('close', () => {
      for (const answer of this.#answers.splice(0)) answer(null)
    })
    near.on('data', (chunk: Buffer) => {
      this.#waiting = Buffer.concat([this.#waiting, chunk])
      while (this.#waiting.length >= 4 && this.#waiting.length >= this.#waiting.readUInt32LE()) {
        const length = this.#waiting.readUInt32LE()
        this.#answers.shift()?.(this.#waiting.subarray(0, length))
        this.#waiting = this.#waiting.subarray(length)
      }
    })
    serve(far)
  }

  /** Attached; fid 0 is the folder. */
  static async attached(serve: (connection: Duplex) => void): Promise<NineClient> {
    const client = new NineClient(serve)
    await client.ask(100, new Writer().u32(65_536).text('9P2000.L'))
    await client.ask(104, new Writer().u32(0).u32(0xffff_ffff).text('root').text('').u32(0))
    return client
  }

  /** What the answer carries, the name of an error, or `gone`. */
  async ask(type: number, body: Writer): Promise<Reader | keyof typeof errno | 'gone'> {
    if (this.stream.destroyed) return 'gone'
    const bytes = body.bytes()
    const { promise, resolve } = Promise.withResolvers<Buffer | null>()
    this.#answers.push(resolve)
    this.stream.write(
      new Writer()
        .u32(7 + bytes.length)
        .u8(type)
        .u16(1)
        .raw(bytes)
        .bytes(),
    )
    const answer = await promise
    if (answer === null) return 'gone'
    const reader = new Reader(answer.subarray(7))
    if (answer[4] !== 7) return reader
    const code = reader.u32()
    const found = Object.entries(errno).find(([, value]) => value === code)
    return (found?.[0] ?? String(code)) as keyof typeof errno
  }

  /** @returns the new fid, or the error */
  async walk(...names: string[]): Promise<number | string> {
    this.#fids += 1
    const fid = this.#fids
    const body = names.reduce((so, name) => so.text(name), new Writer().u32(0).u32(fid).u16(names.length))
    const answer = await this.ask(110, body)
    if (!(answer instanceof Reader)) return answer
    return answer.u16() === names.length ? fid : 'partly'
  }

  /** The content of a file, or the error of the first step that fails. */
  async read(...names: string[]): Promise<string> {
    const fid = await this.walk(...names)
    if (typeof fid === 'string') return fid
    const opened = await this.ask(12, new Writer().u32(fid).u32(O.read))
    if (!(opened instanceof Reader)) return opened
    const read = await this.ask(116, new Writer().u32(fid).u64(0n).u32(4096))
    return read instanceof Reader ? read.data().toString() : read
  }

  async create(folder: number, name: string, text: string, mode = 0o644): Promise<string> {
    this.#fids += 1
    const fid = this.#fids
    await this.ask(110, new Writer().u32(folder).u32(fid).u16(0))
    const created = await this.ask(14, new Writer().u32(fid).text(name).u32(O.readWrite).u32(mode).u32(0))
    if (!(created instanceof Reader)) return created
    const written = await this.ask(118, new Writer().u32(fid).u64(0n).u32(text.length).raw(Buffer.from(text)))
    return written instanceof Reader ? 'written' : written
  }

  async said(type: number, body: Writer): Promise<string> {
    const answer = await this.ask(type, body)
    return answer instanceof Reader ? 'done' : answer
  }
}
