// SPDX-License-Identifier: Apache-2.0
//
// Reads a seal memo. It is asked by worker threads, which it blocks, one page at a time, so that it takes no memory however long it is.
// A memo that is missing, cut, altered or of another organisation knows nothing, in part or in whole; that is never an error.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import type { ObjectRef } from '../chunk/open.ts'
import {
  headBytes,
  type MemoHead,
  type MemoKeys,
  memoTagBytes,
  openHead,
  openPage,
  pageBytes,
  pageOfTag,
  recordBytes,
  refOfRecord,
} from './memo-format.ts'

/** Where the store in `folder` keeps the memo of an organisation. */
export const memoPath = (folder: string, { name }: MemoKeys): string => join(folder, '.memo', name)

export class SealMemo {
  readonly entries: number
  readonly #file: number
  readonly #head: MemoHead

  private constructor(file: number, head: MemoHead) {
    this.#file = file
    this.#head = head
    this.entries = head.entries
  }

  /** Null where there is none that this organisation has written. */
  static open(folder: string, keys: MemoKeys): SealMemo | null {
    const file = openThere(memoPath(folder, keys))
    if (file === null) return null
    const head = openHead(keys, readAt(file, 0, headBytes))
    if (head !== null && fstatSync(file).size === headBytes + head.pages * pageBytes) return new SealMemo(file, head)
    closeSync(file)
    return null
  }

  /** The object that bytes with this tag became. Whether the store still has it is not known here. */
  find(tag: Buffer): ObjectRef | null {
    const records = this.#page(pageOfTag(tag, this.#head.pages))
    for (let at = 0; at < records.length; at += recordBytes) {
      if (tag.equals(records.subarray(at, at + memoTagBytes))) return refOfRecord(records.subarray(at, at + recordBytes))
    }
    return null
  }

  /** All that it knows, sorted by tag. */
  *records(): Generator<Buffer> {
    for (let number = 0; number < this.#head.pages; number += 1) {
      const records = this.#page(number)
      for (let at = 0; at < records.length; at += recordBytes) yield records.subarray(at, at + recordBytes)
    }
  }

  close(): void {
    closeSync(this.#file)
  }

  #page(number: number): Buffer {
    const page = readAt(this.#file, headBytes + number * pageBytes, pageBytes)
    return (page.length === pageBytes ? openPage(this.#head.key, number, page) : null) ?? Buffer.alloc(0)
  }
}

function openThere(path: string): number | null {
  try {
    return openSync(path, 'r')
  } catch {
    // Whatever is in the way: a seal does without.
    return null
  }
}

/** Fewer bytes where the file ends before, or cannot be read. */
function readAt(file: number, at: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  try {
    return bytes.subarray(0, readSync(file, bytes, 0, length, at))
  } catch {
    return bytes.subarray(0, 0)
  }
}
