// SPDX-License-Identifier: Apache-2.0
//
// Adds what a seal has learnt to the memo of its store: old and new records, both sorted, are merged into a new file, which takes the
// place of the old one whole. So a kill leaves one or the other, and of two seals that end together one may go unremembered, no more.
import { randomBytes, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { type FileHandle, mkdir, open, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ObjectRef } from '../chunk/open.ts'
import { type IntakePlace, partial, pathIn } from '../store/folder-intake.ts'
import { memoPath, SealMemo } from './memo.ts'
import {
  encodeHead,
  encodePage,
  headBytes,
  type MemoKeys,
  memoFileKey,
  memoTagBytes,
  mostRecordsOfPage,
  nameOfRecord,
  pageOfTag,
  pagesFor,
  recordBytes,
  saltBytes,
  writeRecord,
} from './memo-format.ts'

/** Records that are held until they are written: 26 MB. */
const mostHeld = 262_144
const pagesOfWrite = 128

export class MemoWriter {
  readonly #place: IntakePlace
  readonly #keys: MemoKeys
  readonly #mostHeld: number
  #held = new Held()
  #writing: Promise<void> = Promise.resolve()
  #failed = false

  constructor(place: IntakePlace, keys: MemoKeys, most = mostHeld) {
    this.#place = place
    this.#keys = keys
    this.#mostHeld = most
  }

  /** Resolves when the next may come. */
  async learn(tag: Uint8Array, ref: ObjectRef): Promise<void> {
    if (this.#failed) return
    this.#held.add(tag, ref)
    if (this.#held.count >= this.#mostHeld) await this.#write(false)
  }

  /** Resolves once all is written that can be. What this cannot write, the next seal learns again: it never fails. */
  async keep(): Promise<void> {
    await this.#write(true)
  }

  #write(last: boolean): Promise<void> {
    const held = this.#held
    this.#held = new Held()
    this.#writing = this.#writing.then(async () => {
      if (held.count === 0 || this.#failed) return
      await mergeInto(this.#place, this.#keys, held.sorted(), last).catch(() => {
        this.#failed = true
      })
    })
    return this.#writing
  }
}

class Held {
  count = 0
  #bytes = Buffer.alloc(256 * recordBytes)

  add(tag: Uint8Array, ref: ObjectRef): void {
    const at = this.count * recordBytes
    if (at === this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes, Buffer.alloc(at)])
    writeRecord(this.#bytes.subarray(at, at + recordBytes), tag, ref)
    this.count += 1
  }

  sorted(): readonly Buffer[] {
    const records = Array.from({ length: this.count }, (_, at) => this.#bytes.subarray(at * recordBytes, (at + 1) * recordBytes))
    return records.sort(compareTags)
  }
}

/** @param prune leaves out what the store has no more: once a seal, since it asks for each. */
async function mergeInto(place: IntakePlace, keys: MemoKeys, learnt: readonly Buffer[], prune: boolean): Promise<void> {
  const path = memoPath(place.folder, keys)
  const aside = join(place.folder, partial, `${place.id}.${randomUUID()}`)
  const old = SealMemo.open(place.folder, keys)
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await using file = await open(aside, 'wx', 0o600)
    const known = old === null ? [] : prune ? stillStored(place.folder, old.records()) : old.records()
    await writeRecords(file, keys, merge(known, learnt), pagesFor((old?.entries ?? 0) + learnt.length))
    await file.sync()
  } finally {
    old?.close()
  }
  await rename(aside, path)
}

async function writeRecords(file: FileHandle, keys: MemoKeys, records: Iterable<Buffer>, pages: number): Promise<void> {
  const salt = randomBytes(saltBytes)
  const key = memoFileKey(keys, salt)
  let entries = 0
  let number = 0
  let page: Buffer[] = []
  let ready: Buffer[] = []
  const write = async () => {
    await file.writeFile(Buffer.concat(ready))
    ready = []
  }
  const endPage = async () => {
    ready.push(encodePage(key, number, page))
    entries += page.length
    page = []
    number += 1
    if (ready.length === pagesOfWrite) await write()
  }
  await file.writeFile(Buffer.alloc(headBytes))
  for (const record of records) {
    const wanted = pageOfTag(record, pages)
    while (number < wanted) await endPage()
    if (page.length < mostRecordsOfPage) page.push(record)
  }
  while (number < pages) await endPage()
  if (ready.length > 0) await write()
  await file.write(encodeHead(key, salt, pages, entries), 0, headBytes, 0)
}

/** Both sorted by tag. Of those with one tag one stays, of what was learnt now if there is any. */
function* merge(known: Iterable<Buffer>, learnt: readonly Buffer[]): Generator<Buffer> {
  let at = 0
  let last: Buffer | undefined
  for (const record of known) {
    for (let next = learnt[at]; next !== undefined && compareTags(next, record) <= 0; next = learnt[++at]) {
      if (last === undefined || compareTags(last, next) !== 0) yield next
      last = next
    }
    if (last === undefined || compareTags(last, record) !== 0) yield record
  }
  for (const next of learnt.slice(at)) {
    if (last === undefined || compareTags(last, next) !== 0) yield next
    last = next
  }
}

function* stillStored(folder: string, records: Iterable<Buffer>): Generator<Buffer> {
  for (const record of records) if (existsSync(pathIn(folder, nameOfRecord(record)))) yield record
}

const compareTags = (one: Buffer, other: Buffer): number => one.compare(other, 0, memoTagBytes, 0, memoTagBytes)
