// SPDX-License-Identifier: Apache-2.0
//
// The bytes of a seal memo (docs/adr/0009-a-store-remembers-what-was-sealed.md): a table from the tag of plain bytes to the object that
// they became. It is no part of the package format and may be lost at any time; what is altered does not authenticate.
//
// File: magic (16) | salt (32) | pages (4, big-endian) | entries (4) | tag (16), then pages of 8,192 bytes. A page: AES-256-GCM, nonce = its
// number, of count (2) | records, sorted by tag | zeros; then its tag (16). The key is of the file alone, since the salt is fresh.
// A record: tag (32) | name (32) | key (32) | stored length (4). The first four bytes of its tag say in which page it lies.
import { createCipheriv, createDecipheriv, createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'
import type { ObjectRef } from '../chunk/open.ts'

export const headBytes = 72
export const pageBytes = 8192
export const recordBytes = 100
export const memoTagBytes = 32
export const saltBytes = 32
/** Of one file: 2 GiB, for disks of about 3 TiB. */
const mostPages = 262_144
const gcmTagBytes = 16
const plainPageBytes = pageBytes - gcmTagBytes
export const mostRecordsOfPage = Math.floor((plainPageBytes - 2) / recordBytes)
/** Tags are as random, so that about one page in a million of this mean gets more than `mostRecordsOfPage`; those beyond are forgotten. */
const meanRecordsOfPage = 48
const magic = Buffer.from('casemate-memo-v1')
/** Of the head; no page has this number. */
const headNonce = Buffer.alloc(12, 0xff)

export interface MemoKeys {
  /** Name of the file of this organisation. */
  readonly name: string
  readonly tagKey: KeyObject
  readonly fileKeys: Uint8Array
}

export interface MemoHead {
  readonly pages: number
  readonly entries: number
  readonly key: Uint8Array
}

/** @param orgKey K_org, 32 bytes. */
export function memoKeys(orgKey: Uint8Array): MemoKeys {
  const derive = (what: string) => new Uint8Array(hkdfSync('sha256', orgKey, Buffer.alloc(0), `casemate-seal-memo-${what}-v1`, 32))
  return { name: Buffer.from(derive('name').subarray(0, 16)).toString('hex'), tagKey: createSecretKey(derive('tag')), fileKeys: derive('file') }
}

/** Equal for equal bytes only, also for whoever chooses them and knows the key. */
export function memoTagOf({ tagKey }: MemoKeys, kind: 'chunk' | 'page', plain: Uint8Array): Buffer {
  return createHmac('sha256', tagKey)
    .update(kind === 'chunk' ? 'c' : 'p')
    .update(plain)
    .digest()
}

/** Pages of a file for so many entries. */
export const pagesFor = (entries: number): number => Math.min(mostPages, Math.max(1, Math.ceil(entries / meanRecordsOfPage)))

export function pageOfTag(tag: Buffer, pages: number): number {
  return Math.floor((tag.readUInt32BE(0) / 2 ** 32) * pages)
}

/** @param salt 32 bytes, fresh for each file. */
export function memoFileKey({ fileKeys }: MemoKeys, salt: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', fileKeys, salt, 'file', 32))
}

export function encodeHead(key: Uint8Array, salt: Uint8Array, pages: number, entries: number): Buffer {
  const head = Buffer.alloc(headBytes)
  magic.copy(head)
  head.set(salt, magic.length)
  head.writeUInt32BE(pages, magic.length + saltBytes)
  head.writeUInt32BE(entries, magic.length + saltBytes + 4)
  const cipher = createCipheriv('aes-256-gcm', key, headNonce).setAAD(head.subarray(0, headBytes - gcmTagBytes))
  cipher.final()
  cipher.getAuthTag().copy(head, headBytes - gcmTagBytes)
  return head
}

/** @returns null for what is no such head, or that of another organisation. */
export function openHead(keys: MemoKeys, head: Buffer): MemoHead | null {
  if (head.length !== headBytes || !head.subarray(0, magic.length).equals(magic)) return null
  const key = memoFileKey(keys, head.subarray(magic.length, magic.length + saltBytes))
  const end = headBytes - gcmTagBytes
  const decipher = createDecipheriv('aes-256-gcm', key, headNonce).setAAD(head.subarray(0, end)).setAuthTag(head.subarray(end))
  if (!isAuthentic(decipher)) return null
  return { key, pages: head.readUInt32BE(magic.length + saltBytes), entries: head.readUInt32BE(magic.length + saltBytes + 4) }
}

/** @param records at most `mostRecordsOfPage`, sorted by tag. */
export function encodePage(key: Uint8Array, number: number, records: readonly Buffer[]): Buffer {
  const plain = Buffer.alloc(plainPageBytes)
  plain.writeUInt16BE(records.length, 0)
  records.forEach((record, at) => void record.copy(plain, 2 + at * recordBytes))
  const cipher = createCipheriv('aes-256-gcm', key, nonceOf(number))
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

/** @returns its records, one after the other; null for what was altered. */
export function openPage(key: Uint8Array, number: number, page: Buffer): Buffer | null {
  const decipher = createDecipheriv('aes-256-gcm', key, nonceOf(number)).setAuthTag(page.subarray(plainPageBytes))
  const plain = decipher.update(page.subarray(0, plainPageBytes))
  return isAuthentic(decipher) ? plain.subarray(2, 2 + plain.readUInt16BE(0) * recordBytes) : null
}

export function writeRecord(into: Buffer, tag: Uint8Array, { name, key, storedLength }: ObjectRef): void {
  into.set(tag)
  into.write(name, memoTagBytes, 'hex')
  into.set(key, memoTagBytes + 32)
  into.writeUInt32BE(storedLength, memoTagBytes + 64)
}

export const nameOfRecord = (record: Buffer): string => record.toString('hex', memoTagBytes, memoTagBytes + 32)

export function refOfRecord(record: Buffer): ObjectRef {
  const key = new Uint8Array(record.subarray(memoTagBytes + 32, memoTagBytes + 64))
  return { name: nameOfRecord(record), key, storedLength: record.readUInt32BE(memoTagBytes + 64) }
}

function nonceOf(page: number): Buffer {
  const nonce = Buffer.alloc(12)
  nonce.writeUInt32BE(page, 8)
  return nonce
}

/** A stream cipher: `final` gives no bytes, it only checks the tag. */
function isAuthentic(decipher: { final(): Buffer }): boolean {
  try {
    decipher.final()
    return true
  } catch {
    return false
  }
}
