// SPDX-License-Identifier: Apache-2.0
//
// A guest without an operating system that says what it knows to be durable: a boot sector, made here. It keeps a ring of slots on its
// disk, one sector each and some in the same block of 4 KiB. At start it prints `=` and what each slot holds; then it writes 1, 2, 3 ...
// (going on after the highest found), number n into slot n % 128, flushes the drive's cache (ATA FLUSH CACHE, E7h), and prints `+` and
// n. A disk error ends it with `!`. Numbers are eight digits of base 16 with the letters a to p.
import { noise } from './seeded.ts'

const slots = 128
const mebibyte = 1 << 20

/**
 * @param mebibytes its size; all behind its slots is noise.
 * @param slot how far one is from the next, and how much of it is written, in sectors up to 127
 */
export function ringDisk(seed: number, mebibytes: number, slot: RingSlot = { apart: 5, written: 1 }): Buffer {
  const disk = Buffer.alloc(mebibytes * mebibyte)
  disk.set(code, 0)
  // INT 13h, functions 42h and 43h: one sector to or from 0000:8000, its number is filled in.
  disk.set([0x10, 0, slot.written, 0, 0x00, 0x80, 0, 0], 0x180)
  disk.set([slot.apart], code.indexOf(0x6b) + 2)
  disk.set([0x55, 0xaa], 510)
  const ownBytes = Math.ceil((2048 + slots * slot.apart) / 2048) * mebibyte
  noise(seed, disk.length - ownBytes).copy(disk, ownBytes)
  return disk
}

export interface RingSlot {
  readonly apart: number
  readonly written: number
}

export interface RingWords {
  /** What the slots held at start; null until all are told. */
  readonly found: readonly number[] | null
  /** The last number told to be durable; 0 when there is none. */
  readonly flushed: number
}

/** @throws Error when the guest met a disk error */
export function readRing(serial: string): RingWords {
  if (serial.includes('!')) throw new Error('the guest met a disk error')
  const words = [...serial.matchAll(/([=+])([a-p]{8})\n/g)].map(([, kind, letters = '']) => ({ kind, number: numberOf(letters) }))
  const found = words.filter(({ kind }) => kind === '=').map(({ number }) => number)
  return { found: found.length === slots ? found : null, flushed: words.findLast(({ kind }) => kind === '+')?.number ?? 0 }
}

/** What is not as it must be after `flushed` was told to be durable, in words; empty when nothing was lost. */
export function lossesIn(found: readonly number[], flushed: number): readonly string[] {
  return found.flatMap((number, slot) => {
    if (number % slots !== slot && number !== 0) return [`slot ${slot} holds ${number}, which belongs elsewhere`]
    const least = flushed - ((flushed - slot + slots) % slots)
    return number < least ? [`slot ${slot} holds ${number}, but ${least} was durable`] : []
  })
}

const numberOf = (letters: string): number => [...letters].reduce((sum, letter) => sum * 16 + letter.charCodeAt(0) - 97, 0)

const code = [
  ...[0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xd0, 0xbc, 0x00, 0x7c, 0xfc], // ds = es = ss = 0; sp = 0x7c00; cld
  ...[0x66, 0x31, 0xed, 0x31, 0xdb], //             ebp = 0, the highest; bx = 0, the slot
  ...[0xb8, 0x00, 0x42, 0xe8, 0x4a, 0x00], // scan: ax = 0x4200; call transfer
  ...[0x66, 0xa1, 0x00, 0x80], //                   eax = [0x8000]
  ...[0x66, 0x39, 0xe8, 0x76, 0x03, 0x66, 0x89, 0xc5], // if eax > ebp: ebp = eax
  ...[0xb2, 0x3d, 0xe8, 0x56, 0x00], //             dl = '='; call say
  ...[0x43, 0x81, 0xfb, 0x80, 0x00, 0x72, 0xe2], // inc bx; cmp bx, 128; jb scan
  ...[0x66, 0x45, 0x89, 0xeb, 0x83, 0xe3, 0x7f], // next: inc ebp; bx = bp & 127
  ...[0x66, 0x89, 0xe8, 0xbf, 0x00, 0x80, 0xb9, 0x80, 0x00, 0x66, 0xf3, 0xab], // fill 0x8000 with ebp
  ...[0xb8, 0x00, 0x43, 0xe8, 0x19, 0x00], //       ax = 0x4300; call transfer
  ...[0xba, 0xf7, 0x01, 0xb0, 0xe7, 0xee], //       out 0x1f7, 0xe7
  ...[0xec, 0xa8, 0x80, 0x75, 0xfb, 0xa8, 0x01, 0x75, 0x1f], // wait for BSY to go; on ERR jump to fail
  ...[0x66, 0x89, 0xe8, 0xb2, 0x2b, 0xe8, 0x1f, 0x00, 0xeb, 0xce], // eax = ebp; dl = '+'; call say; jmp next
  ...[0x6b, 0xcb, 0x05, 0x81, 0xc1, 0x00, 0x08, 0x89, 0x0e, 0x88, 0x7d], // transfer: sector 2048 + 5 * bx
  ...[0xbe, 0x80, 0x7d, 0xb2, 0x80, 0xcd, 0x13, 0x72, 0x01, 0xc3], // int 13h, drive 0x80; jc fail; ret
  ...[0xb0, 0x21, 0xe8, 0x22, 0x00, 0xf4, 0xeb, 0xfd], // fail: put '!'; hlt for ever
  ...[0x66, 0x50, 0x88, 0xd0, 0xe8, 0x18, 0x00, 0x66, 0x58], // say: put dl
  ...[0xb9, 0x08, 0x00, 0x66, 0xc1, 0xc0, 0x04, 0x66, 0x50], //   eight times: rol eax, 4
  ...[0x24, 0x0f, 0x04, 0x61, 0xe8, 0x06, 0x00, 0x66, 0x58, 0xe2, 0xef], // put 'a' + (al & 15)
  ...[0xb0, 0x0a], //                               a line's end
  ...[0x50, 0xba, 0xfd, 0x03, 0xec, 0xa8, 0x20, 0x74, 0xfb], // put: wait for the transmitter (16550, LSR bit 5)
  ...[0x58, 0xba, 0xf8, 0x03, 0xee, 0xc3], //       out 0x3f8, al; ret
]
