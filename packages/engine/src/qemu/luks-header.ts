// SPDX-License-Identifier: Apache-2.0
//
// The LUKS1 header of a new overlay: one key slot, AES-256-XTS, a fresh master key. `qemu-img create` would make the same, but first times its PBKDF2
// for seconds, which busy hosts make fail. Our passphrase is a random 256-bit key, so stretching it buys nothing and the least count will do.
// Source: LUKS1 On-Disk Format Specification 1.2.3, sections 2 to 4; field values as QEMU's crypto/block-luks.c expects them.
import { createCipheriv, createHash, pbkdf2Sync, randomUUID } from 'node:crypto'

const sectorBytes = 512
const keyBytes = 64
const stripes = 4000
const slots = 8
const iterations = 1000
const hash = 'sha512'
const slotEnabled = 0x00ac71f3
const slotDisabled = 0x0000dead
const firstSlotSector = 8
/** 500 sectors of key material, aligned to 4 KiB. */
const slotSectors = Math.ceil((keyBytes * stripes) / 4096) * 8
const payloadSector = firstSlotSector + slots * slotSectors

/** Bytes from the header to the end of the last key slot. */
export const luksAreaBytes = payloadSector * sectorBytes

/** The used beginning of the area (the rest of it is zeros). `random` yields so many fresh random bytes. */
export function newLuksHeader(passphrase: Uint8Array, random: (length: number) => Uint8Array): Uint8Array {
  const masterKey = random(keyBytes)
  const digestSalt = random(32)
  const slotSalt = random(32)
  const header = Buffer.alloc(firstSlotSector * sectorBytes + keyBytes * stripes)
  header.write('LUKS\xba\xbe', 0, 'latin1')
  header.writeUInt16BE(1, 6)
  header.write('aes', 8, 'ascii')
  header.write('xts-plain64', 40, 'ascii')
  header.write(hash, 72, 'ascii')
  header.writeUInt32BE(payloadSector, 104)
  header.writeUInt32BE(keyBytes, 108)
  header.set(pbkdf2Sync(masterKey, digestSalt, iterations, 20, hash), 112)
  header.set(digestSalt, 132)
  header.writeUInt32BE(iterations, 164)
  header.write(randomUUID(), 168, 'ascii')
  for (let slot = 0; slot < slots; slot++) {
    const at = 208 + slot * 48
    header.writeUInt32BE(slot === 0 ? slotEnabled : slotDisabled, at)
    header.writeUInt32BE(slot === 0 ? iterations : 0, at + 4)
    header.writeUInt32BE(firstSlotSector + slot * slotSectors, at + 40)
    header.writeUInt32BE(stripes, at + 44)
  }
  header.set(slotSalt, 216)
  const slotKey = pbkdf2Sync(passphrase, slotSalt, iterations, keyBytes, hash)
  header.set(encryptSectors(splitKey(masterKey, random), slotKey), firstSlotSector * sectorBytes)
  masterKey.fill(0)
  slotKey.fill(0)
  return header
}

/** Anti-forensic split (section 2.4): all stripes are needed to get the key back. SHA-512 covers a 64-byte key in one block. */
function splitKey(key: Uint8Array, random: (length: number) => Uint8Array): Uint8Array {
  const split = Buffer.from(random(keyBytes * stripes))
  let state = Buffer.alloc(keyBytes)
  for (let stripe = 0; stripe < stripes - 1; stripe++) {
    const mixed = xor(state, split.subarray(stripe * keyBytes, (stripe + 1) * keyBytes))
    state = createHash(hash).update(new Uint8Array(4)).update(mixed).digest()
  }
  split.set(xor(state, key), (stripes - 1) * keyBytes)
  return split
}

/** aes-xts-plain64: the tweak of a sector is its number, little-endian. */
function encryptSectors(plain: Uint8Array, key: Uint8Array): Uint8Array {
  const sealed = Buffer.alloc(plain.length)
  const tweak = Buffer.alloc(16)
  for (let offset = 0; offset < plain.length; offset += sectorBytes) {
    tweak.writeUInt32LE(offset / sectorBytes, 0)
    sealed.set(createCipheriv('aes-256-xts', key, tweak).update(plain.subarray(offset, offset + sectorBytes)), offset)
  }
  return sealed
}

function xor(left: Uint8Array, right: Uint8Array): Buffer<ArrayBuffer> {
  return Buffer.from(left.map((byte, index) => byte ^ (right[index] ?? 0)))
}
