// SPDX-License-Identifier: Apache-2.0
//
// Where things lie in an overlay file, and its authenticated header.
//
//   0       header: magic, version, block size, disk size, salt, digest, MAC (never changes after creation)
//   4096    commit slot A    4608  commit slot B       how long the log was when it was last made durable
//   8192    blocks: disk block n at 8192 + n * 4096 (sparse file; holes are not ours)
//   then    log: which blocks are ours, append-only (allocation-log.ts)
import { createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import { EngineError } from '../error.ts'

export const BLOCK = 4096
export const HEADER_BYTES = 160
export const SLOT_OFFSETS = [4096, 4608] as const
const BLOCKS_OFFSET = 8192
const MAGIC = Buffer.from('CASEMATE-XTS-OVL', 'ascii')
const VERSION = 1
const AUTHENTICATED_BYTES = 128
/** 16 TiB: block numbers stay below 2^32. */
const LARGEST_DISK = 2 ** 44

export interface OverlayKeys {
  /** AES-256-XTS: 64 bytes. */
  readonly disk: Buffer
  /** HMAC-SHA256 of header, commit slots and log. */
  readonly metadata: Buffer
}

export interface OverlayHeader {
  readonly size: number
  readonly salt: Buffer
}

export function blockPosition(block: number): number {
  return BLOCKS_OFFSET + block * BLOCK
}

export function blockCount(size: number): number {
  return Math.ceil(size / BLOCK)
}

export function logPosition(size: number): number {
  return blockPosition(blockCount(size))
}

export function requireOverlaySize(size: number): void {
  if (!Number.isSafeInteger(size) || size <= 0 || size > LARGEST_DISK)
    throw new RangeError(`an overlay of ${size} bytes: expected 1 to ${LARGEST_DISK}`)
}

/** HKDF-SHA256 (RFC 5869) of the 32-byte key, a random salt a file, and what the overlay is bound to. */
export function deriveKeys(key: Uint8Array, salt: Uint8Array, binding: string): OverlayKeys {
  if (key.length !== 32) throw new RangeError(`an overlay key has 32 bytes, found ${key.length}`)
  const derive = (use: string, length: number) => Buffer.from(hkdfSync('sha256', key, salt, `casemate-overlay-v1|${use}|${binding}`, length))
  return { disk: derive('disk', 64), metadata: derive('metadata', 32) }
}

export function encodeHeader(header: OverlayHeader, keys: OverlayKeys): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES)
  MAGIC.copy(bytes, 0)
  bytes.writeUInt32BE(VERSION, 16)
  bytes.writeUInt32BE(BLOCK, 20)
  bytes.writeBigUInt64BE(BigInt(header.size), 24)
  header.salt.copy(bytes, 32)
  digestOf(bytes).copy(bytes, 96)
  macOf(bytes, keys).copy(bytes, AUTHENTICATED_BYTES)
  return bytes
}

/** @throws EngineError `overlay-altered` for anything that no `encodeHeader` wrote. */
export function decodeHeader(bytes: Buffer): OverlayHeader {
  const altered = (what: string) => new EngineError('overlay-altered', `overlay header: ${what}`)
  if (bytes.length !== HEADER_BYTES) throw altered(`expected ${HEADER_BYTES} bytes, found ${bytes.length}`)
  if (!bytes.subarray(0, 16).equals(MAGIC)) throw altered('this is no overlay file')
  if (!digestOf(bytes).equals(bytes.subarray(96, 128))) throw altered('its digest does not match')
  const version = bytes.readUInt32BE(16)
  if (version !== VERSION) throw altered(`expected version ${VERSION}, found ${version}`)
  const block = bytes.readUInt32BE(20)
  if (block !== BLOCK) throw altered(`expected blocks of ${BLOCK} bytes, found ${block}`)
  const size = bytes.readBigUInt64BE(24)
  if (size === 0n || size > BigInt(LARGEST_DISK)) throw altered(`a disk of ${size} bytes`)
  return { size: Number(size), salt: Buffer.from(bytes.subarray(32, 64)) }
}

/** @throws EngineError `overlay-mismatch` where the header was made under another key or binding. */
export function verifyHeader(bytes: Buffer, keys: OverlayKeys): void {
  if (!timingSafeEqual(macOf(bytes, keys), bytes.subarray(AUTHENTICATED_BYTES, HEADER_BYTES))) {
    throw new EngineError('overlay-mismatch', 'the overlay belongs to another key or is bound to something else')
  }
}

function digestOf(header: Buffer): Buffer {
  return createHash('sha256').update(header.subarray(0, 96)).digest()
}

function macOf(header: Buffer, keys: OverlayKeys): Buffer {
  return createHmac('sha256', keys.metadata).update('header').update(header.subarray(0, AUTHENTICATED_BYTES)).digest()
}
