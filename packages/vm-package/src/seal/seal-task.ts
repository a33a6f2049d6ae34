// SPDX-License-Identifier: Apache-2.0
//
// Compresses, encrypts and names the runs of a batch, one after the other, so that whoever runs it keeps one processor busy and the
// compressor's memory in its cache; writes what is new where the store lets threads write. What the memo knows and the store still has
// costs a look at its plain bytes only.
import { encodeMessage } from '../chunk/codec.ts'
import { sealMessage } from '../chunk/seal.ts'
import { type IntakePlace, isStored, writeAside } from '../store/folder-intake.ts'
import { SealMemo } from './memo.ts'
import { type MemoKeys, memoKeys, memoTagOf } from './memo-format.ts'
import type { ObjectToStore, SealWorkerData, Task } from './task.ts'

export class TaskSealer {
  readonly #orgKey: Uint8Array
  readonly #folder: FolderSealer | null

  constructor({ orgKey, place }: SealWorkerData) {
    this.#orgKey = orgKey
    this.#folder = place === null ? null : new FolderSealer(orgKey, place)
  }

  /** @throws PackageError `store-unwritable` */
  seal({ kind, buffer, runs }: Task): readonly ObjectToStore[] {
    const objects: ObjectToStore[] = []
    for (const { at, length } of runs) {
      const plain = Buffer.from(buffer, at, length)
      objects.push(this.#folder === null ? this.#sealInMemory(kind, plain) : this.#folder.seal(kind, plain))
    }
    return objects
  }

  close(): void {
    this.#folder?.close()
  }

  #sealInMemory(kind: Task['kind'], plain: Buffer): ObjectToStore {
    const { name, key, bytes } = sealMessage(kind, this.#orgKey, encodeMessage(plain))
    // Small buffers share their memory with others, which must not be moved away with them: hence the copies.
    return { name, key: new Uint8Array(key), storedLength: bytes.length, bytes: new Uint8Array(bytes), aside: null, reused: false, memoTag: null }
  }
}

class FolderSealer {
  readonly #orgKey: Uint8Array
  readonly #place: IntakePlace
  readonly #keys: MemoKeys
  readonly #memo: SealMemo | null

  constructor(orgKey: Uint8Array, place: IntakePlace) {
    this.#orgKey = orgKey
    this.#place = place
    this.#keys = memoKeys(orgKey)
    this.#memo = SealMemo.open(place.folder, this.#keys)
  }

  seal(kind: Task['kind'], plain: Buffer): ObjectToStore {
    const tag = memoTagOf(this.#keys, kind, plain)
    const known = this.#memo?.find(tag) ?? null
    if (known !== null && isStored(this.#place.folder, known.name, known.storedLength)) {
      return { ...known, bytes: null, aside: null, reused: true, memoTag: null }
    }
    const { name, key, bytes } = sealMessage(kind, this.#orgKey, encodeMessage(plain))
    const aside = writeAside(this.#place, name, bytes)
    return { name, key: new Uint8Array(key), storedLength: bytes.length, bytes: null, aside, reused: false, memoTag: new Uint8Array(tag) }
  }

  close(): void {
    this.#memo?.close()
  }
}
