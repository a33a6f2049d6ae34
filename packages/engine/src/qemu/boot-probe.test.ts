// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { whyNoBoot } from './boot-probe.ts'
import { probeBootSector } from './boot-sector.ts'

describe('the boot probe', () => {
  it('boots a sector that a BIOS accepts', () => {
    const sector = probeBootSector()
    expect(sector).toHaveLength(512)
    expect([...sector.subarray(510)]).toEqual([0x55, 0xaa])
  })

  it('tells a QEMU that cannot sandbox itself from one that cannot boot', () => {
    expect(whyNoBoot('qemu-system-x86_64: -sandbox on: There is no option group sandbox')).toBe('containment-missing')
    expect(whyNoBoot('qemu-system-x86_64: seccomp support is disabled')).toBe('containment-missing')
    expect(whyNoBoot("qemu-system-x86_64: could not load PC BIOS 'bios-256k.bin'")).toBe('engine-missing')
  })
})
