// SPDX-License-Identifier: Apache-2.0
//
// The files below one folder, and none else. A place is a list of names that is walked from the folder's own descriptor one name at a time, each
// without following a symbolic link, so that neither a link nor a rename meanwhile leads out. What is no file, folder or link, or lies on another
// file system, is not there. It is synchronous: the process has nothing else to do.
import {
  type BigIntStats,
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  statfsSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
} from 'node:fs'
import { Refusal } from './wire.ts'

/** Names below the folder; none for the folder itself. */
export type Place = readonly string[]

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDWR, O_TRUNC, O_WRONLY } = constants
/** Of Linux: a descriptor that only stands for a place. */
const O_PATH = 0o10000000
const MOST_NAME_BYTES = 255
const MOST_DEPTH = 64
/** Set-uid, set-gid and sticky bits are neither shown nor set. */
const PERMISSIONS = 0o777
/** What the host keeps for itself. */
const LEFT_BYTES = 1024 ** 3

export interface Times {
  readonly atime: Date
  readonly mtime: Date
}

export class FileTree {
  readonly #root: number
  readonly #device: bigint
  readonly #readOnly: boolean

  /** @param expected `device:inode` that the folder had when it was chosen. @throws Error where another is there now */
  constructor(folder: string, expected: string, readOnly: boolean) {
    this.#root = openSync(folder, O_PATH | O_DIRECTORY | O_NOFOLLOW)
    const { dev, ino } = fstatSync(this.#root, { bigint: true })
    if (`${dev}:${ino}` !== expected) throw new Error('the folder is another one than was chosen')
    this.#device = dev
    this.#readOnly = readOnly
  }

  stat(place: Place): BigIntStats {
    return this.#at(place, (_, stats) => stats)
  }

  /** @param flags of open(2); whatever else is asked for is left out */
  open(place: Place, flags: number): number {
    const access = flags & (O_WRONLY | O_RDWR)
    if (access !== 0 || (flags & O_TRUNC) !== 0) this.#needWrite()
    return this.#opened(place, access | (flags & O_TRUNC), 0)
  }

  create(folder: Place, name: string, flags: number, mode: number): number {
    this.#needWrite()
    this.needRoom()
    return this.#opened([...folder, checked(name)], (flags & (O_WRONLY | O_RDWR | O_EXCL | O_TRUNC)) | O_CREAT, mode & PERMISSIONS)
  }

  list(place: Place): readonly { readonly name: string; readonly stats: BigIntStats }[] {
    return this.#at(place, (path, stats) => {
      if (!stats.isDirectory()) throw new Refusal('ENOTDIR')
      return readdirSync(path).flatMap((name) => {
        const found = lstatSync(`${path}/${name}`, { bigint: true, throwIfNoEntry: false })
        return found !== undefined && this.#isShown(found) ? [{ name, stats: found }] : []
      })
    })
  }

  makeFolder(folder: Place, name: string, mode: number): void {
    this.#needWrite()
    this.needRoom()
    this.#in(folder, name, (path) => mkdirSync(path, mode & PERMISSIONS))
  }

  /** One that stays below where it lies, wherever it is moved to: programs of the host may follow it. */
  makeLink(folder: Place, name: string, target: string): void {
    this.#needWrite()
    if (target === '' || target.startsWith('/') || target.split('/').includes('..')) throw new Refusal('EPERM')
    this.#in(folder, name, (path) => symlinkSync(target, path))
  }

  readLink(place: Place): string {
    const name = place.at(-1)
    if (name === undefined || !this.stat(place).isSymbolicLink()) throw new Refusal('EINVAL')
    return this.#in(place.slice(0, -1), name, (path) => readlinkSync(path))
  }

  remove(folder: Place, name: string, isFolder: boolean): void {
    this.#needWrite()
    this.stat([...folder, checked(name)])
    this.#in(folder, name, (path) => (isFolder ? rmdirSync(path) : unlinkSync(path)))
  }

  rename(from: Place, name: string, to: Place, newName: string): void {
    this.#needWrite()
    this.stat([...from, checked(name)])
    this.#in(from, name, (path) => this.#in(to, newName, (target) => renameSync(path, target)))
  }

  setMode(place: Place, mode: number): void {
    this.#needWrite()
    this.#at(place, (path, stats) => {
      if (stats.isSymbolicLink()) throw new Refusal('EOPNOTSUPP')
      chmodSync(path, mode & PERMISSIONS)
    })
  }

  setTimes(place: Place, times: (now: BigIntStats) => Times): void {
    this.#needWrite()
    this.#at(place, (path, stats) => {
      if (stats.isSymbolicLink()) throw new Refusal('EOPNOTSUPP')
      const { atime, mtime } = times(stats)
      utimesSync(path, atime, mtime)
    })
  }

  setSize(place: Place, size: bigint): void {
    const file = this.open(place, O_WRONLY)
    try {
      this.setSizeOf(file, size)
    } finally {
      closeSync(file)
    }
  }

  setSizeOf(file: number, size: bigint): void {
    this.#needWrite()
    if (size > BigInt(Number.MAX_SAFE_INTEGER)) throw new Refusal('EFBIG')
    ftruncateSync(file, Number(size))
  }

  space(): ReturnType<typeof statfsSync> {
    return statfsSync(this.#path(this.#root))
  }

  /** @throws Refusal `ENOSPC` where the host would be left with too little: 1 GiB, of a small disk a twentieth */
  needRoom(): void {
    const { bavail, blocks, bsize } = this.space()
    if (Number(bavail) * Number(bsize) < Math.min(LEFT_BYTES, (Number(blocks) * Number(bsize)) / 20)) throw new Refusal('ENOSPC')
  }

  #opened(place: Place, flags: number, mode: number): number {
    const name = place.at(-1)
    // A pipe would wait for its other end.
    const safe = flags | O_NOFOLLOW | O_NONBLOCK
    const file =
      name === undefined
        ? openSync(`${this.#path(this.#root)}/.`, safe | O_DIRECTORY)
        : this.#in(place.slice(0, -1), name, (path) => openSync(path, safe, mode))
    try {
      const stats = fstatSync(file, { bigint: true })
      if (!this.#isShown(stats)) throw new Refusal('EACCES')
      if ((flags & O_CREAT) !== 0 && stats.isFile() && (Number(stats.mode) & ~PERMISSIONS & 0o7777) !== 0)
        fchmodSync(file, Number(stats.mode) & PERMISSIONS)
      return file
    } catch (error) {
      closeSync(file)
      throw error
    }
  }

  /** Hands over a path that stands for what was found and for nothing that takes its place. */
  #at<T>(place: Place, act: (path: string, stats: BigIntStats) => T): T {
    if (place.length > MOST_DEPTH) throw new Refusal('ENAMETOOLONG')
    let held = this.#root
    try {
      for (const name of place) {
        const next = openSync(`${this.#path(held)}/${name}`, O_PATH | O_NOFOLLOW)
        if (held !== this.#root) closeSync(held)
        held = next
        if (!this.#isShown(fstatSync(held, { bigint: true }))) throw new Refusal('EACCES')
      }
      return act(this.#path(held), fstatSync(held, { bigint: true }))
    } finally {
      if (held !== this.#root) closeSync(held)
    }
  }

  #in<T>(folder: Place, name: string, act: (path: string) => T): T {
    checked(name)
    return this.#at(folder, (path, stats) => {
      if (!stats.isDirectory()) throw new Refusal('ENOTDIR')
      return act(`${path}/${name}`)
    })
  }

  #path(descriptor: number): string {
    return `/proc/self/fd/${descriptor}`
  }

  #isShown(stats: BigIntStats): boolean {
    // Files of an overlay may name the file system below it; what is mounted inside is a folder.
    return stats.isDirectory() ? stats.dev === this.#device : stats.isFile() || stats.isSymbolicLink()
  }

  #needWrite(): void {
    if (this.#readOnly) throw new Refusal('EROFS')
  }
}

/** One name of a folder. @throws Refusal `EINVAL`, `ENAMETOOLONG` */
export function checked(name: string): string {
  if (name === '' || name === '.' || name === '..' || name.includes('/') || name.includes('\0')) throw new Refusal('EINVAL')
  if (Buffer.byteLength(name) > MOST_NAME_BYTES) throw new Refusal('ENAMETOOLONG')
  return name
}
