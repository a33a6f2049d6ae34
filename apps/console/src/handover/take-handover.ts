// SPDX-License-Identifier: Apache-2.0
//
// Objects of a package that this organisation has, out of a hand-over into its store: what a disk has lost, or a second store that is
// filled. What the package is comes from the organisation itself; of the hand-over only objects are taken, each by its name.
import { claimForWriting } from '@casemate/vm-package/claim'
import { readHandover } from '@casemate/vm-package/handover'
import { openHandover } from '@casemate/vm-package/handover-files'
import { incomplete } from '@casemate/vm-package/handover-refusal'
import type { ObjectStore } from '@casemate/vm-package/object-store'
import { neededObjects, type OpenPackage } from '@casemate/vm-package/reach'

export interface TakeOptions {
  readonly store: ObjectStore
  /** The package whose manifest has that SHA-256; throws where the organisation has none. */
  readonly openPackage: (sha256: string) => Promise<OpenPackage>
  /** @param bytes of objects, so far; `of` the bytes of the hand-over. */
  readonly onProgress?: (bytes: number, of: number) => void
  readonly signal?: AbortSignal
}

export interface Taken {
  readonly desktop: string
  readonly serial: number
  readonly objects: number
  /** Of them, those that the store did not have. */
  readonly added: number
  readonly addedBytes: number
}

/**
 * @param path of the file, or of the folder with its parts.
 * @throws what `openPackage` throws, before anything is stored; PackageError `handover-*`, `object-altered`, `store-*`, and what is missing or
 * altered of the package afterwards; the reason of `signal`. What was stored stays: it is whole objects of the right names.
 */
export async function takeHandover(path: string, { store, openPackage, onProgress, signal }: TakeOptions): Promise<Taken> {
  const files = await openHandover(path)
  const claim = await claimForWriting(store, signal)
  try {
    const { head, sink, objects } = await readHandover(files, async (found) => {
      return new Taking(await openPackage(found.package), store, (bytes) => {
        signal?.throwIfAborted()
        onProgress?.(bytes, files.bytes)
      })
    })
    await sink.finish(signal)
    claim.check()
    return { desktop: head.desktop, serial: head.serial, objects: objects.size, added: sink.added, addedBytes: sink.addedBytes }
  } finally {
    await claim.release()
  }
}

class Taking {
  added = 0
  addedBytes = 0
  #bytes = 0
  readonly #package: OpenPackage
  readonly #store: ObjectStore
  readonly #onBytes: (bytes: number) => void

  constructor(wanted: OpenPackage, store: ObjectStore, onBytes: (bytes: number) => void) {
    this.#package = wanted
    this.#store = store
    this.#onBytes = onBytes
  }

  async put(name: string, object: Uint8Array): Promise<void> {
    const isNew = await this.#store.put(name, object)
    if (isNew) {
      this.added += 1
      this.addedBytes += object.byteLength
    }
    this.#bytes += object.byteLength
    this.#onBytes(this.#bytes)
  }

  /** @throws PackageError where the store lacks a part of the package even now. */
  async finish(signal: AbortSignal | undefined): Promise<void> {
    await this.#store.sync()
    for await (const { name } of neededObjects(this.#package, this.#store, signal === undefined ? {} : { signal })) {
      if (!(await this.#store.has(name))) throw incomplete(`the object \`${name}\` of its package is missing`)
    }
  }
}
