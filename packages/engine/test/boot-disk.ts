// SPDX-License-Identifier: Apache-2.0
//
// Disks that boot without an operating system: a boot sector of a few lines, made here. Source of the interfaces: BIOS INT 13h extensions (EDD),
// 16550 at port 0x3f8, VGA text memory at 0xb8000, PM1a_CNT of the i440fx at port 0x604.
import { randomBytes } from 'node:crypto'

/** The first byte of every sector that the guest reads; it writes what it read to the serial port. */
export const chatter = 'C'
export const diskBytes = 4 << 20

/** The guest reads sector `lba` for ever and prints its first byte on the serial port, `E` if the read fails; `C` stands top left on the screen. */
export function chattyDisk(lba: number): Buffer {
  const disk = withBootSector([
    ...[0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xd0], // ds = ss = 0
    ...[0xbc, 0x00, 0x7c], //                   mov sp, 0x7c00
    ...[0xb8, 0x00, 0xb8, 0x8e, 0xc0], //       es = 0xb800
    ...[0x26, 0xc7, 0x06, 0x00, 0x00, 0x43, 0x1f], // mov word [es:0], 'C' white on blue
    ...[0xbe, 0x80, 0x7c], //             next: mov si, address packet at 0x7c80
    ...[0xb4, 0x42, 0xb2, 0x80, 0xcd, 0x13], // int 13h, extended read, drive 0x80
    ...[0x73, 0x04], //                         jnc ok
    ...[0xb0, 0x45, 0xeb, 0x03], //             mov al, 'E'; jmp print
    ...[0xa0, 0x00, 0x80], //               ok: mov al, [0x8000]
    ...[0xba, 0xf8, 0x03, 0xee], //      print: out 0x3f8, al
    ...[0xeb, 0xe8], //                         jmp next
  ])
  writeAddressPacket(disk, lba)
  disk.write(chatter, lba * 512)
  return disk
}

/** The guest reads the first 4 KiB of its first and of its second disk in turn, for ever. */
export function twoDiskReader(): Buffer {
  const disk = withBootSector([
    ...[0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xd0, 0xbc, 0x00, 0x7c], // ds = ss = 0, sp = 0x7c00
    ...[0xb2, 0x80], //                                           mov dl, 0x80
    ...[0xbe, 0x80, 0x7c, 0xb4, 0x42, 0x52, 0xcd, 0x13, 0x5a], // next: push dx; int 13h, extended read; pop dx
    ...[0x80, 0xf2, 0x01, 0xeb, 0xf2], //                         xor dl, 1; jmp next
  ])
  writeAddressPacket(disk, 0)
  disk[0x82] = 8
  return disk
}

/**
 * The guest adds one to the first byte of sector `lba`, writes the sector back, reads it again, prints that byte on the serial port and switches
 * itself off; on a disk error it only switches itself off.
 */
export function countingDisk(lba: number): Buffer {
  const read = [0xbe, 0x80, 0x7c, 0xb4, 0x42, 0xb2, 0x80, 0xcd, 0x13]
  const write = [0xbe, 0x80, 0x7c, 0xb8, 0x00, 0x43, 0xb2, 0x80, 0xcd, 0x13]
  const disk = withBootSector([
    ...[0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xd0, 0xbc, 0x00, 0x7c], // ds = ss = 0, sp = 0x7c00
    ...[...read, 0x72, 0x22], //                     jc off
    ...[0xfe, 0x06, 0x00, 0x80], //                  inc byte [0x8000]
    ...[...write, 0x72, 0x12], //                    jc off
    ...[...read, 0x72, 0x07], //                     jc off
    ...[0xa0, 0x00, 0x80, 0xba, 0xf8, 0x03, 0xee], // out 0x3f8, [0x8000]
    ...powerOff, //                             off:
  ])
  writeAddressPacket(disk, lba)
  return disk
}

export interface Walk {
  /** How many places it reads, a MiB apart, so that each lies in a chunk of its own; of `filledBytes` noise each. */
  readonly places: number
  readonly filledBytes: number
  /** Of the BIOS's clock, 18 a second, between two of them. */
  readonly ticks: number
  readonly end: 'halt' | 'power-off'
}

/** The guest reads one place of its disk after the other, puts `.` on the screen for each, `E` if the read fails, and `!` at the end. */
export function walkingDisk({ places, filledBytes, ticks, end }: Walk): Buffer {
  const sectors = 2048
  const disk = withBootSector(
    [
      ...[0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xd0, 0xbc, 0x00, 0x7c, 0xfb], // ds = ss = 0, sp = 0x7c00; sti
      ...[0xbe, 0x80, 0x7c, 0xb4, 0x42, 0xb2, 0x80, 0xcd, 0x13], // next: int 13h, extended read, drive 0x80
      ...[0xb0, 0x2e, 0x73, 0x02, 0xb0, 0x45], //                     mov al, '.'; jnc say; mov al, 'E'
      ...[0xb4, 0x0e, 0x31, 0xdb, 0xcd, 0x10], //                say: int 10h, teletype
      ...[0xb9, ticks & 255, ticks >> 8, 0xf4, 0xe2, 0xfd], //        mov cx, ticks; wait: hlt; loop wait
      ...[0x66, 0x81, 0x06, 0x88, 0x7c, ...dword(sectors)], //        add dword [sector number], a MiB
      ...[0x66, 0x81, 0x3e, 0x88, 0x7c, ...dword(places * sectors)], // cmp dword [sector number], the end
      ...[0x72, 0xd1, 0xb8, 0x21, 0x0e, 0xcd, 0x10], //               jb next; int 10h, '!'
      ...(end === 'halt' ? [0xf4, 0xeb, 0xfd] : [...piix4PowerOff, ...powerOff]),
    ],
    places << 20,
  )
  for (let place = 0; place < places; place += 1) randomBytes(filledBytes - 512).copy(disk, (place << 20) + 512)
  writeAddressPacket(disk, 0)
  return disk
}

function dword(value: number): readonly number[] {
  return [value & 255, (value >> 8) & 255, (value >> 16) & 255, value >>> 24]
}

/** out 0xb004, 0x2001: the same where the PIIX4's registers lie at 0xb000, as in v86. */
const piix4PowerOff = [0xba, 0x04, 0xb0, 0xb8, 0x01, 0x20, 0xef] as const

/** out 0x604, 0x2000: the soft-off of ACPI; then hlt for ever. */
const powerOff = [0xba, 0x04, 0x06, 0xb8, 0x00, 0x20, 0xef, 0xf4, 0xeb, 0xfd] as const

/** One sector at `lba` to 0000:8000, for INT 13h functions 42h and 43h. */
export function writeAddressPacket(disk: Buffer, lba: number): void {
  disk.set([0x10, 0, 1, 0, 0x00, 0x80, 0, 0], 0x80)
  disk.writeBigUInt64LE(BigInt(lba), 0x88)
}

function withBootSector(code: readonly number[], bytes = diskBytes): Buffer {
  const disk = Buffer.alloc(bytes)
  disk.set(code, 0)
  disk.set([0x55, 0xaa], 510)
  return disk
}
