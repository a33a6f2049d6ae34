// SPDX-License-Identifier: Apache-2.0
//
// Boot sectors for what the common ones do not do, in 16-bit code. Sources: BIOS INT 16h; PIIX4 power management; ATA/ATAPI-7 and the
// bus master interface of the PIIX (Intel 290550); PCI configuration mechanism 1; VMware's backdoor (Linux: drivers/input/mouse/vmmouse.c).
import { diskBytes, writeAddressPacket } from '../boot-disk.ts'

const print = (character: string) => [0xba, 0xf8, 0x03, 0xb0, character.charCodeAt(0), 0xee] // mov dx, 0x3f8; mov al, c; out dx, al
const halt = [0xf4, 0xeb, 0xfd]

/** Prints `B`, then every key it gets (INT 16h). */
export function echoDisk(): Buffer {
  return bootDisk([
    ...print('B'),
    ...[0x30, 0xe4, 0xcd, 0x16], // next: xor ah, ah; int 16h
    ...[0xba, 0xf8, 0x03, 0xee], // out 0x3f8, al
    ...[0xeb, 0xf6], //             jmp next
  ])
}

/** Prints `B` and writes `value` to the power management control register (PM1a_CNT), then `A` should it still run. */
export function pm1Disk(value: number): Buffer {
  return bootDisk([...print('B'), 0xba, 0x04, 0xb0, 0xb8, value & 255, value >> 8, 0xef, ...print('A'), ...halt])
}

/** Halts with interrupts off, as Linux does on a machine without power management. */
export function deadHaltDisk(): Buffer {
  return bootDisk([...print('B'), 0xfa, ...halt])
}

/** Writes one sector of `W` to sector `lba` by DMA, waits until the drive is done, prints `W`. */
export function dmaWriteDisk(lba: number): Buffer {
  return bootDisk([
    ...[0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xc0], //                   ds = es = 0
    ...[0xbf, 0x00, 0x80, 0xb0, 0x57, 0xb9, 0x00, 0x02, 0xf3, 0xaa], // di = 0x8000; al = 'W'; cx = 512; rep stosb
    ...[0x66, 0xb8, 0x20, 0xf0, 0x00, 0x80], //                   eax = 0x8000f020: bus 0, slot 1e, BAR 4
    ...[0xba, 0xf8, 0x0c, 0x66, 0xef], //                         out 0xcf8, eax
    ...[0xba, 0xfc, 0x0c, 0xed, 0x24, 0xfc, 0x89, 0xc3], //       in ax, 0xcfc; bx = ax & ~3: bus master base
    ...[0x66, 0xc7, 0x06, 0x00, 0x7e, 0x00, 0x80, 0x00, 0x00], // descriptor at 0x7e00: address 0x8000,
    ...[0x66, 0xc7, 0x06, 0x04, 0x7e, 0x00, 0x02, 0x00, 0x80], //   512 bytes, last
    ...[0x8d, 0x57, 0x04, 0x66, 0xb8, 0x00, 0x7e, 0x00, 0x00, 0x66, 0xef], // out bx+4, 0x7e00
    ...out8(0x1f6, 0xe0),
    ...out8(0x1f2, 1),
    ...out8(0x1f3, lba & 255),
    ...out8(0x1f4, (lba >> 8) & 255),
    ...out8(0x1f5, 0),
    ...out8(0x1f7, 0xca),
    ...[0x89, 0xda, 0xb0, 0x01, 0xee], //       out bx, 1: start
    ...[0xba, 0xf7, 0x01], //                   dx = 0x1f7
    ...[0xec, 0xa8, 0x08, 0x75, 0xfb], // wait: in al, dx; test al, DRQ; jnz wait
    ...print('W'),
    ...halt,
  ])
}

/** Writes one sector of `W` to sector `lba` by the BIOS, which does it by PIO, and prints `W`. */
export function pioWriteDisk(lba: number): Buffer {
  const disk = bootDisk([
    ...[0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xd0, 0xbc, 0x00, 0x7c], // ds = es = ss = 0; sp = 0x7c00
    ...[0xbf, 0x00, 0x80, 0xb0, 0x57, 0xb9, 0x00, 0x02, 0xf3, 0xaa], //     di = 0x8000; al = 'W'; cx = 512; rep stosb
    ...[0xbe, 0x80, 0x7c, 0xb8, 0x00, 0x43, 0xb2, 0x80, 0xcd, 0x13], //     int 13h, extended write, drive 0x80
    ...[0x72, 0x06, ...print('W')], //                                      jc halt
    ...halt,
  ])
  writeAddressPacket(disk, lba)
  return disk
}

/** Sets a video mode by `setMode` (INT 10h with ax, bx), fills 64 KiB of video memory with 4, prints `B`. */
export function graphicsDisk(setMode: { readonly ax: number; readonly bx: number }): Buffer {
  const { ax, bx } = setMode
  return bootDisk([
    ...[0xb8, ax & 255, ax >> 8, 0xbb, bx & 255, bx >> 8, 0xcd, 0x10],
    ...[0xb8, 0x00, 0xa0, 0x8e, 0xc0, 0x31, 0xff], //       es = 0xa000; di = 0
    ...[0xb8, 0x04, 0x04, 0xb9, 0x00, 0x80, 0xf3, 0xab], // ax = 0x0404; cx = 0x8000; rep stosw
    ...print('B'),
    ...halt,
  ])
}

/** Asks for absolute positions at VMware's backdoor, prints `B`, then the high bytes of x and y of each packet that comes. */
export function absolutePointerDisk(): Buffer {
  const enable = backdoor(41, 0x45414552)
  const absolute = backdoor(41, 0x53424152)
  const version = backdoor(39, 1)
  const status = backdoor(40, 0)
  const packet = backdoor(39, 4)
  const say = [...[0xba, 0xf8, 0x03], ...[0x88, 0xf8, 0xee], ...[0x88, 0xe8, 0xee]] // mov dx, 0x3f8; al = bh; out; al = ch; out
  const loop = [...status, 0x3c, 0x04, 0x72, 0, ...packet, ...say, 0xeb, 0] // cmp al, 4; jb back; ...; jmp back
  loop[status.length + 3] = 256 - (status.length + 4)
  loop[loop.length - 1] = 256 - loop.length
  return bootDisk([...enable, ...absolute, ...version, ...print('B'), ...loop])
}

/** eax = magic, ebx = value, ecx = command, in eax, 0x5658. */
function backdoor(command: number, value: number): number[] {
  return [0x66, 0xb8, ...dword(0x564d5868), 0x66, 0xbb, ...dword(value), 0x66, 0xb9, ...dword(command), 0xba, 0x58, 0x56, 0x66, 0xed]
}

function dword(value: number): number[] {
  return [value & 255, (value >> 8) & 255, (value >> 16) & 255, (value >>> 24) & 255]
}

function out8(port: number, value: number): number[] {
  return [0xba, port & 255, port >> 8, 0xb0, value, 0xee]
}

function bootDisk(code: readonly number[]): Buffer {
  const disk = Buffer.alloc(diskBytes)
  disk.set(code, 0)
  disk.set([0x55, 0xaa], 510)
  return disk
}
