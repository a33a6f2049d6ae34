// SPDX-License-Identifier: Apache-2.0
//
// One guest's connection to the folder: 9P2000.L, as the kernel of Linux speaks it. Every request is answered before the next is looked at.
// Owners are not kept: all files seem to belong to whoever mounted the folder, and are this process' own on the host. There are no hard links,
// devices, extended attributes or locks between host and guest.
import { type BigIntStats, closeSync, fstatSync, fsyncSync, readSync, writeSync } from 'node:fs'
import { checked, type FileTree, type Place } from './file-tree.ts'
import { type Errno, errno, Malformed, Reader, Refusal, Writer } from './wire.ts'

export const MOST_MESSAGE = 131_072 + 24
const LEAST_MESSAGE = 4096
const MOST_FIDS = 4096
const MOST_OPEN = 256
const MOST_WALK = 16
const REMOVE_FOLDER = 0x200
const NO_TAG = 0xffff
const NOBODY = 0xffff_ffff
/** Mode to block count, of Tgetattr. */
const BASIC = 0x7ffn
const set = { mode: 1, size: 8, atime: 0x10, mtime: 0x20, atimeGiven: 0x80, mtimeGiven: 0x100 } as const
const UNLOCKED = 2

interface Fid {
  place: Place
  readonly owner: number
  file: number | null
  /** What a folder held when it was read from its start. */
  listed: ReturnType<FileTree['list']>
}

type Answer = Writer | null
type Handler = (from: Reader) => Answer

export class Conversation {
  readonly #tree: FileTree
  readonly #fids = new Map<number, Fid>()
  #open = 0
  #mostMessage = MOST_MESSAGE

  constructor(tree: FileTree) {
    this.#tree = tree
  }

  /** The answer to one whole message. @throws Malformed */
  answer(message: Buffer): Buffer {
    const from = new Reader(message)
    from.u32()
    const type = from.u8()
    const tag = from.u16()
    const handler = this.#handlers[type]
    try {
      if (handler === undefined) throw new Refusal('EOPNOTSUPP')
      return framed(type + 1, tag, handler(from)?.bytes() ?? Buffer.alloc(0))
    } catch (error) {
      if (error instanceof Malformed) throw error
      return framed(7, tag, new Writer().u32(errno[codeOf(error)]).bytes())
    }
  }

  close(): void {
    for (const fid of this.#fids.values()) this.#shut(fid)
    this.#fids.clear()
  }

  readonly #handlers: Readonly<Record<number, Handler>> = {
    8: () => {
      const { type, bsize, blocks, bfree, bavail, files, ffree } = this.#tree.space()
      const head = new Writer().u32(Number(type) >>> 0).u32(Number(bsize))
      for (const count of [blocks, bfree, bavail, files, ffree, 0]) head.u64(BigInt(count))
      return head.u32(255)
    },
    12: (from) => {
      const fid = this.#fid(from.u32())
      return this.#hold(fid, fid.place, () => this.#tree.open(fid.place, from.u32()))
    },
    14: (from) => {
      const fid = this.#fid(from.u32())
      const name = from.text()
      return this.#hold(fid, [...fid.place, name], () => this.#tree.create(fid.place, name, from.u32(), from.u32()))
    },
    16: (from) => {
      const { place } = this.#fid(from.u32())
      const name = from.text()
      this.#tree.makeLink(place, name, from.text())
      return this.#qid([...place, name])
    },
    18: () => refuse('EPERM'),
    20: (from) => {
      const { place } = this.#fid(from.u32())
      return this.#rename(place.slice(0, -1), nameOf(place), this.#fid(from.u32()).place, from.text())
    },
    22: (from) => new Writer().text(this.#tree.readLink(this.#fid(from.u32()).place)),
    24: (from) => this.#attributes(this.#fid(from.u32())),
    26: (from) => this.#setAttributes(this.#fid(from.u32()), from),
    30: () => refuse('EOPNOTSUPP'),
    32: () => refuse('EOPNOTSUPP'),
    40: (from) => this.#list(this.#fid(from.u32()), from.u64(), from.u32()),
    50: (from) => {
      fsyncSync(this.#file(this.#fid(from.u32())))
      return null
    },
    // Within the guest its own kernel keeps locks.
    52: () => new Writer().u8(0),
    54: (from) => {
      from.u32()
      from.u8()
      return new Writer().u8(UNLOCKED).u64(from.u64()).u64(from.u64()).u32(from.u32()).text(from.text())
    },
    70: () => refuse('EPERM'),
    72: (from) => {
      const { place } = this.#fid(from.u32())
      const name = from.text()
      this.#tree.makeFolder(place, name, from.u32())
      return this.#qid([...place, name])
    },
    74: (from) => {
      const { place } = this.#fid(from.u32())
      const name = from.text()
      return this.#rename(place, name, this.#fid(from.u32()).place, from.text())
    },
    76: (from) => {
      const { place } = this.#fid(from.u32())
      this.#tree.remove(place, from.text(), (from.u32() & REMOVE_FOLDER) !== 0)
      return null
    },
    100: (from) => {
      this.close()
      const asked = from.u32()
      if (asked < LEAST_MESSAGE) throw new Malformed(`messages of ${asked} bytes are too short`)
      this.#mostMessage = Math.min(asked, MOST_MESSAGE)
      return new Writer().u32(this.#mostMessage).text(from.text() === '9P2000.L' ? '9P2000.L' : 'unknown')
    },
    102: () => refuse('EOPNOTSUPP'),
    104: (from) => {
      const number = from.u32()
      from.u32()
      from.text()
      from.text()
      // The kernel mounts for nobody in particular, and trusts no inode of nobody's.
      const owner = from.u32()
      this.#add(number, { place: [], owner: owner === NOBODY ? 0 : owner, file: null, listed: [] })
      return this.#qid([])
    },
    108: () => null,
    110: (from) => this.#walk(from),
    116: (from) => {
      const file = this.#file(this.#fid(from.u32()))
      const at = position(from.u64())
      const bytes = Buffer.alloc(Math.min(from.u32(), this.#mostMessage - 11))
      const length = readSync(file, bytes, 0, bytes.length, at)
      return new Writer().u32(length).raw(bytes.subarray(0, length))
    },
    118: (from) => {
      const file = this.#file(this.#fid(from.u32()))
      const at = position(from.u64())
      const bytes = from.data()
      this.#tree.needRoom()
      return new Writer().u32(writeSync(file, bytes, 0, bytes.length, at))
    },
    120: (from) => {
      this.#forget(from.u32())
      return null
    },
    122: (from) => {
      const number = from.u32()
      const { place } = this.#fid(number)
      this.#forget(number)
      this.#tree.remove(place.slice(0, -1), nameOf(place), this.#tree.stat(place).isDirectory())
      return null
    },
  }

  #walk(from: Reader): Writer {
    const fid = this.#fid(from.u32())
    const number = from.u32()
    const count = from.u16()
    if (count > MOST_WALK) throw new Malformed(`a walk of ${count} names`)
    let place = fid.place
    const qids: Writer[] = []
    for (let index = 0; index < count; index++) {
      const name = from.text()
      const next = name === '..' ? place.slice(0, -1) : [...place, checked(name)]
      try {
        qids.push(this.#qid(next))
      } catch (error) {
        if (index === 0) throw error
        break
      }
      place = next
    }
    if (qids.length === count) this.#add(number, { place, owner: fid.owner, file: null, listed: [] })
    return qids.reduce((answer, qid) => answer.raw(qid.bytes()), new Writer().u16(qids.length))
  }

  #hold(fid: Fid, place: Place, open: () => number): Writer {
    if (fid.file !== null) throw new Refusal('EBUSY')
    if (this.#open >= MOST_OPEN) throw new Refusal('EMFILE')
    fid.file = open()
    fid.place = place
    this.#open++
    return qidOf(fstatSync(fid.file, { bigint: true })).u32(this.#mostMessage - 24)
  }

  #rename(from: Place, name: string, to: Place, newName: string): null {
    this.#tree.rename(from, name, to, newName)
    const [old, now] = [
      [...from, name],
      [...to, newName],
    ]
    for (const fid of this.#fids.values())
      if (old.every((part, index) => fid.place[index] === part)) fid.place = [...now, ...fid.place.slice(old.length)]
    return null
  }

  #attributes(fid: Fid): Writer {
    const stats = fid.file === null ? this.#tree.stat(fid.place) : fstatSync(fid.file, { bigint: true })
    const answer = new Writer().u64(BASIC).raw(qidOf(stats).bytes())
    answer
      .u32(Number(stats.mode) & 0o170777)
      .u32(fid.owner)
      .u32(fid.owner)
    for (const value of [stats.nlink, 0n, stats.size, stats.blksize, stats.blocks]) answer.u64(value)
    for (const time of [stats.atimeNs, stats.mtimeNs, stats.ctimeNs, 0n]) answer.u64(time / 1_000_000_000n).u64(time % 1_000_000_000n)
    return answer.u64(0n).u64(0n)
  }

  /** Owners stay as they are, which is no error: whoever copies files sets them. */
  #setAttributes(fid: Fid, from: Reader): null {
    const valid = from.u32()
    const [mode] = [from.u32(), from.u32(), from.u32()]
    const size = from.u64()
    const [atime, mtime] = [time(from), time(from)]
    if ((valid & set.mode) !== 0) this.#tree.setMode(fid.place, mode)
    if ((valid & set.size) !== 0) {
      if (fid.file === null) this.#tree.setSize(fid.place, size)
      else this.#tree.setSizeOf(fid.file, size)
    }
    if ((valid & (set.atime | set.mtime)) === 0) return null
    const chosen = (bit: number, given: number, value: Date, kept: Date) => ((valid & bit) === 0 ? kept : (valid & given) === 0 ? new Date() : value)
    this.#tree.setTimes(fid.place, (now) => ({
      atime: chosen(set.atime, set.atimeGiven, atime, now.atime),
      mtime: chosen(set.mtime, set.mtimeGiven, mtime, now.mtime),
    }))
    return null
  }

  /** The place behind an entry is its number. */
  #list(fid: Fid, offset: bigint, count: number): Writer {
    this.#file(fid)
    if (offset === 0n) fid.listed = this.#tree.list(fid.place)
    const most = Math.min(count, this.#mostMessage - 11)
    const parts: Buffer[] = []
    let length = 0
    for (let index = Number(offset); index < fid.listed.length; index++) {
      const entry = fid.listed[index]
      if (entry === undefined) break
      const kind = entry.stats.isDirectory() ? 4 : entry.stats.isSymbolicLink() ? 10 : 8
      const bytes = qidOf(entry.stats)
        .u64(BigInt(index + 1))
        .u8(kind)
        .text(entry.name)
        .bytes()
      if (length + bytes.length > most) break
      parts.push(bytes)
      length += bytes.length
    }
    return new Writer().u32(length).raw(Buffer.concat(parts))
  }

  #qid(place: Place): Writer {
    return qidOf(this.#tree.stat(place))
  }

  #fid(number: number): Fid {
    const fid = this.#fids.get(number)
    if (fid === undefined) throw new Refusal('EBADF')
    return fid
  }

  #file({ file }: Fid): number {
    if (file === null) throw new Refusal('EBADF')
    return file
  }

  /** A walk may set the fid that it began at. */
  #add(number: number, fid: Fid): void {
    const former = this.#fids.get(number)
    if (former !== undefined) this.#shut(former)
    else if (this.#fids.size >= MOST_FIDS) throw new Refusal('EMFILE')
    this.#fids.set(number, fid)
  }

  #forget(number: number): void {
    this.#shut(this.#fid(number))
    this.#fids.delete(number)
  }

  #shut(fid: Fid): void {
    if (fid.file === null) return
    closeSync(fid.file)
    fid.file = null
    this.#open--
  }
}

/** @returns length of the message that `bytes` begin with; null: not there yet. @throws Malformed */
export function messageLength(bytes: Buffer): number | null {
  if (bytes.length < 4) return null
  const length = bytes.readUInt32LE()
  if (length < 7 || length > MOST_MESSAGE) throw new Malformed(`a message of ${length} bytes`)
  return length
}

function framed(type: number, tag: number, body: Buffer): Buffer {
  return new Writer()
    .u32(7 + body.length)
    .u8(type)
    .u16(type === 101 ? NO_TAG : tag)
    .raw(body)
    .bytes()
}

function qidOf(stats: BigIntStats): Writer {
  return new Writer()
    .u8(stats.isDirectory() ? 0x80 : stats.isSymbolicLink() ? 2 : 0)
    .u32(Number(stats.mtimeNs & 0xffff_ffffn))
    .u64(stats.ino)
}

function nameOf(place: Place): string {
  const name = place.at(-1)
  if (name === undefined) throw new Refusal('EBUSY')
  return name
}

function position(offset: bigint): number {
  if (offset > BigInt(Number.MAX_SAFE_INTEGER)) throw new Refusal('EFBIG')
  return Number(offset)
}

function time(from: Reader): Date {
  const milliseconds = Number(from.u64()) * 1000 + Number(from.u64()) / 1e6
  return new Date(Math.min(milliseconds, 8.64e15))
}

function refuse(code: Errno): never {
  throw new Refusal(code)
}

function codeOf(error: unknown): Errno {
  if (error instanceof Refusal) return error.errno
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return Object.hasOwn(errno, code) ? (code as Errno) : 'EIO'
}
