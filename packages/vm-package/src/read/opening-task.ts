// SPDX-License-Identifier: Apache-2.0
//
// What goes between a reader and its threads.
import type { ObjectRef } from '../chunk/open.ts'
import type { PackageErrorCode } from '../error.ts'

/** What a disk consists of. */
export type DiskObjectKind = 'chunk' | 'page' | 'root'

/** Opens an object: `from` is its bytes, or the path of a file that holds them. */
export interface OpenTask {
  readonly id: number
  readonly work: 'open'
  readonly kind: DiskObjectKind
  readonly ref: ObjectRef
  /** Not used for a root, whose length follows from the object's. */
  readonly plainLength: number
  readonly from: Uint8Array | string
}

/** Writes plain bytes, encrypted sector by sector, to an open file (`scratch.ts`), and overwrites them with zeros. */
export interface StashTask {
  readonly id: number
  readonly work: 'stash'
  readonly file: number
  readonly position: number
  readonly key: Uint8Array
  /** Nonce of the first sector. */
  readonly counter: number
  readonly plain: Uint8Array
}

export type Task = OpenTask | StashTask

export type Answer =
  /** Null where there is no such file. */
  | { readonly id: number; readonly plain: Uint8Array | null }
  | { readonly id: number; readonly tags: Uint8Array }
  | { readonly id: number; readonly failure: { readonly code: PackageErrorCode | null; readonly message: string } }
