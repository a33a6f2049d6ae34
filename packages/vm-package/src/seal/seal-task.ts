// SPDX-License-Identifier: Apache-2.0
//
// Compresses, encrypts and names the runs of a batch, one after the other, so that whoever runs it keeps one processor busy and the
// compressor's memory in its cache; writes what is new where the store lets threads write. What the memo knows and the store still has
// costs a look at its plain bytes only.
import { encodeMessage } from '../chunk/codec.ts'
import { release } from '../chunk/release.ts'
import { type SealedObject, sealMessage } from '../chunk/seal.ts'
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
    const { name, key, bytes } = sealPlain(kind, this.#orgKey, plain)
    return { name, key, storedLength: bytes.length, bytes, aside: null, reused: false, memoTag: null }
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
    const { name, key, bytes } = sealPlain(kind, this.#orgKey, plain)
    const aside = writeAside(this.#place, name, bytes)
    const storedLength = bytes.length
    release(bytes)
    return { name, key, storedLength, bytes: null, aside, reused: false, memoTag: tag }
  }

  close(): void {
    this.#memo?.close()
  }
}

function sealPlain(kind: Task['kind'], orgKey: Uint8Array, plain: Buffer): SealedObject {
  const message = encodeMessage(plain)
  const sealed = sealMessage(kind, orgKey, message)
  release(message)
  return sealed
}
