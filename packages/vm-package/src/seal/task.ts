// SPDX-License-Identifier: Apache-2.0
//
// What goes between the thread that seals a package and its worker threads. Buffers are moved, not copied; both ends are this package.
import type { PackageErrorCode } from '../error.ts'
import type { IntakePlace } from '../store/folder-intake.ts'

export interface SealWorkerData {
  /** K_org, 32 bytes. */
  readonly orgKey: Uint8Array
  /** Where worker threads write objects aside by themselves; null: bytes go back. */
  readonly place: IntakePlace | null
}

export interface Task {
  readonly id: number
  readonly kind: 'chunk' | 'page'
  readonly buffer: ArrayBuffer
  /** Where each object's plain bytes lie in `buffer`. */
  readonly runs: readonly { readonly at: number; readonly length: number }[]
}

export interface ObjectToStore {
  /** SHA-256 in hex. */
  readonly name: string
  /** 32 bytes. */
  readonly key: Uint8Array
  readonly storedLength: number
  readonly bytes: Uint8Array<ArrayBuffer> | null
  /** Name of the file in which the object waits; null where it is there already, or where there is no folder. */
  readonly aside: string | null
  /** Whether an earlier seal made it: then nothing was compressed or encrypted. */
  readonly reused: boolean
  /** Under which the memo is to know it; null where it does, or where there is none. */
  readonly memoTag: Uint8Array | null
}

/** What the system said; an error loses it on its way between threads. */
export interface SystemCause {
  readonly message: string
  readonly syscall: string | null
}

export type Answer = { readonly id: number; readonly buffer: ArrayBuffer } & (
  | { readonly objects: readonly ObjectToStore[] }
  | { readonly failure: { readonly code: PackageErrorCode | null; readonly message: string; readonly cause: SystemCause | null } }
)
