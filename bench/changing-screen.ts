// SPDX-License-Identifier: Apache-2.0
//
// A guest without an operating system that draws all of a screen of 1024x768 with 32 bits anew, in another colour in every pixel than
// before, each time that the interrupt of its clock or of its keyboard wakes it, and halts in between. Source of the interfaces: VBE 3.0
// (INT 10h functions 4F01h and 4F02h; 144h is what the firmware of both engines calls that mode), 8254 and 8259 of the PC.
import { diskBytes } from '../packages/engine/test/boot-disk.ts'

export const screen = { width: 1024, height: 768 } as const
const pixels = screen.width * screen.height
const clockHz = 1_193_182
/** Of the picture that is drawn from: a screen, and what the picture moves by before it begins anew. */
const patternAt = 0x200000
const moves = 64

/** @param wakes `clock`: that many times a second; `keyboard`: at every byte of it */
export function changingDisk(wakes: { readonly clock: number } | 'keyboard'): Buffer {
  const divisor = wakes === 'keyboard' ? 0 : Math.round(clockHz / wakes.clock)
  const mask = wakes === 'keyboard' ? 0xfd : 0xfe
  const code = [
    ...[0xfc, 0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xd0, 0xbc, 0x00, 0x7c], // cld; ds = es = ss = 0, sp = 0x7c00
    ...[0xb8, 0x01, 0x4f, 0xb9, 0x44, 0x01, 0xbf, 0x00, 0x80, 0xcd, 0x10], // int 10h, 4F01h: the mode's description to 0x8000
    ...[0xb8, 0x02, 0x4f, 0xbb, 0x44, 0x41, 0xcd, 0x10], //                   int 10h, 4F02h: that mode, linear
    ...[0xfa, 0x0f, 0x01, 0x16, 0xf8, 0x7d], //                               cli; lgdt [0x7df8]
    ...[0x0f, 0x20, 0xc0, 0x0c, 0x01, 0x0f, 0x22, 0xc0], //                   protected mode, for the limits of ds and es
    ...[0xb9, 0x08, 0x00, 0x8e, 0xc1, 0x8e, 0xd9], //                         mov cx, 8; es = ds = cx
    ...[0x24, 0xfe, 0x0f, 0x22, 0xc0, 0x31, 0xc9, 0x8e, 0xc1, 0x8e, 0xd9], // and back; es = ds = 0
    ...[0xb0, 0x34, 0xe6, 0x43, 0xb0, divisor & 255, 0xe6, 0x40, 0xb0, divisor >> 8, 0xe6, 0x40], // the clock
    ...[0xb0, mask, 0xe6, 0x21, 0xb0, 0xff, 0xe6, 0xa1], //                   no other interrupts
    ...[0x66, 0xbf, ...dword(patternAt), 0x66, 0xb9, ...dword(pixels + moves * 16), 0x66, 0x31, 0xc0], // the pattern, ecx pixels
    ...[0x66, 0x05, ...dword(0x00_05_03_01), 0x67, 0x66, 0xab, 0x66, 0x49, 0x75, 0xf3], // fill: add eax, 0x050301; stosd; dec ecx; jnz
    ...[0x31, 0xdb, 0xfb], //                                                 bx = 0; sti
    ...[0x66, 0x0f, 0xb7, 0xf3, 0x66, 0xc1, 0xe6, 0x06], //             draw: esi = 64 bx
    ...[0x66, 0x81, 0xc6, ...dword(patternAt)], //                            add esi, pattern
    ...[0x66, 0x8b, 0x3e, 0x28, 0x80, 0x66, 0xb9, ...dword(pixels)], //       edi = PhysBasePtr, ecx = pixels
    ...[0x67, 0xf3, 0x66, 0xa5], //                                           rep movsd
    ...[0x43, 0x83, 0xe3, moves - 1, 0xf4], //                                bx = (bx + 1) mod 64; hlt
  ]
  const disk = Buffer.alloc(diskBytes)
  disk.set([...code, 0xeb, -(code.length + 2 - code.lastIndexOf(0xfb) - 1) & 255])
  disk.set([0x17, 0, ...dword(0x7de0)], 0x1f8)
  disk.set([0xff, 0xff, 0, 0, 0, 0x92, 0xcf, 0], 0x1e8)
  disk.set([0x55, 0xaa], 510)
  return disk
}

function dword(value: number): readonly number[] {
  return [value & 255, (value >> 8) & 255, (value >> 16) & 255, value >>> 24]
}
