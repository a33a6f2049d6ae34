// SPDX-License-Identifier: Apache-2.0
//
// Objects are immutable and named by the SHA-256 of their bytes, so any store that keeps bytes by name will do: a folder, S3, a CDN.
// A store is not trusted: whoever reads checks what came.
import { PackageError } from '../error.ts'
import type { FolderIntake } from './folder-intake.ts'

/** What a reader needs. */
export interface ObjectSource {
  /**
   * The whole object, or null when there is none. Fewer or other bytes than were put may come; more than `maxBytes` never do.
   * @throws PackageError `object-too-long`
   */
  get(name: string, maxBytes: number): Promise<Uint8Array | null>
  has(name: string): Promise<boolean>
}

export interface StoredObject {
  readonly name: string
  /** Bytes. */
  readonly size: number
  /** When it was put last, in ms since 1970 by the store's clock. */
  readonly putAt: number
}

/** Part of a put that broke off. */
export interface Leftover {
  readonly id: string
  readonly size: number
  /** When it was last written to, in ms since 1970. */
  readonly writtenAt: number
}

/** More than any object has: a root page of a disk of 16 TiB takes 9.4 MB. */
export const mostObjectBytes = 16_777_216

/** Bytes of an object; `end` is behind the last one. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

export interface ObjectStore extends ObjectSource {
  /** Bytes, or null when there is no such object. */
  size(name: string): Promise<number | null>
  /**
   * Part of an object, for whoever goes on where a transfer broke off; null when there is none. Where the object ends before the range
   * does, fewer bytes come. They cannot be checked before the rest is there.
   */
  getRange(name: string, range: ByteRange): Promise<Uint8Array | null>
  /**
   * Stores all of it or nothing. Equal names are equal bytes: the bytes of an object that is there already, whole, are left alone.
   * It counts as put now all the same (`StoredObject.putAt`), exact to an hour: by their age unused objects are told from those of a
   * package that is still being made.
   * @returns whether it was new.
   * @throws PackageError `object-altered` when `name` is not the SHA-256 of the bytes; `store-unwritable`.
   */
  put(name: string, bytes: Uint8Array | AsyncIterable<Uint8Array>): Promise<boolean>
  /** Resolves once every object put before survives a power cut. */
  sync(): Promise<void>
  /** Bytes that can still be put; there is none where nobody knows. */
  room?(): Promise<number>
  /** Where there is one, worker threads write objects by themselves and it takes them in; elsewhere they come by `put`. */
  intake?(): FolderIntake | null
  /** In no order. An object put or deleted meanwhile may come or not. */
  list(): AsyncIterable<StoredObject>
  /** @returns whether it was there. */
  delete(name: string): Promise<boolean>
  /** Parts of puts that broke off, and of those under way. */
  leftovers(): AsyncIterable<Leftover>
  deleteLeftover(id: string): Promise<void>
  /** Names without content beside the objects, by which those at work on the store know of each other; see claim.ts. Seen by all at once. */
  claims(): Promise<readonly string[]>
  addClaim(name: string): Promise<void>
  /** Nothing to do when it is not there. */
  deleteClaim(name: string): Promise<void>
}

/** @throws PackageError `object-name-invalid`; so that no name ever becomes a path of its own choice. */
export function checkObjectName(name: string): void {
  if (!/^[0-9a-f]{64}$/.test(name)) throw new PackageError('object-name-invalid', `expected 64 hex digits, found \`${name.slice(0, 80)}\``)
}
