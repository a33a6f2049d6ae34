// SPDX-License-Identifier: Apache-2.0
//
// How 9P2000.L writes its values: little endian, texts behind their length. Source: diod's protocol.md, and `intro(5)` of Plan 9.

/** As the guest's kernel knows its errors (errno of Linux). */
export const errno = {
  EPERM: 1,
  ENOENT: 2,
  EIO: 5,
  EBADF: 9,
  EACCES: 13,
  EBUSY: 16,
  EEXIST: 17,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  EMFILE: 24,
  EFBIG: 27,
  ENOSPC: 28,
  EROFS: 30,
  ENAMETOOLONG: 36,
  ENOTEMPTY: 39,
  ELOOP: 40,
  EOPNOTSUPP: 95,
  EDQUOT: 122,
} as const
export type Errno = keyof typeof errno

/** A request is answered with this, and nothing of it was done. */
export class Refusal extends Error {
  readonly errno: Errno

  constructor(code: Errno) {
    super(code)
    this.errno = code
  }
}

/** The guest does not speak the protocol: its connection is ended. */
export class Malformed extends Error {}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  u8(): number {
    return this.#take(1).readUInt8()
  }

  u16(): number {
    return this.#take(2).readUInt16LE()
  }

  u32(): number {
    return this.#take(4).readUInt32LE()
  }

  u64(): bigint {
    return this.#take(8).readBigUInt64LE()
  }

  text(): string {
    const bytes = this.#take(this.u16())
    try {
      return strict.decode(bytes)
    } catch {
      // A name that is not UTF-8 could not be told apart from others here.
      throw new Refusal('EINVAL')
    }
  }

  data(): Buffer {
    return this.#take(this.u32())
  }

  #take(length: number): Buffer {
    const end = this.#at + length
    if (end > this.#bytes.length) throw new Malformed(`a message ends after ${this.#bytes.length} bytes, expected ${end}`)
    const taken = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return taken
  }
}

export class Writer {
  readonly #parts: Buffer[] = []

  u8(value: number): this {
    this.#parts.push(Buffer.of(value))
    return this
  }

  u16(value: number): this {
    const bytes = Buffer.alloc(2)
    bytes.writeUInt16LE(value)
    this.#parts.push(bytes)
    return this
  }

  u32(value: number): this {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32LE(value)
    this.#parts.push(bytes)
    return this
  }

  u64(value: bigint): this {
    const bytes = Buffer.alloc(8)
    bytes.writeBigUInt64LE(BigInt.asUintN(64, value))
    this.#parts.push(bytes)
    return this
  }

  text(value: string): this {
    const bytes = Buffer.from(value)
    return this.u16(bytes.length).raw(bytes)
  }

  raw(bytes: Buffer): this {
    this.#parts.push(bytes)
    return this
  }

  bytes(): Buffer {
    return Buffer.concat(this.#parts)
  }
}
