// SPDX-License-Identifier: Apache-2.0

/** I/O port of QEMU's isa-debug-exit in the probe. */
export const exitPort = 0xf4
/** What the probe guest writes there; QEMU then exits with twice that plus one. */
const farewell = 0x10
export const exitCode = farewell * 2 + 1

/**
 * A boot sector that counts down from 2^26 and leaves. The loop tells an accelerator that works from one that only opens:
 * a third of a second in TCG, a tenth of that in hardware, minutes where every instruction traps.
 */
export function probeBootSector(): Uint8Array {
  const sector = new Uint8Array(512)
  sector.set([
    ...[0x66, 0xb9, 0x00, 0x00, 0x00, 0x04], //       mov ecx, 1 << 26
    ...[0x66, 0x49], //                         next: dec ecx
    ...[0x75, 0xfc], //                               jnz next
    ...[0xb0, farewell], //                           mov al, farewell
    ...[0xe6, exitPort], //                           out exitPort, al
    ...[0xf4], //                               halt: hlt
    ...[0xeb, 0xfd], //                               jmp halt
  ])
  sector.set([0x55, 0xaa], 510)
  return sector
}
