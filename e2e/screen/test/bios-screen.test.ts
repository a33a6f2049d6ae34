// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { startQemu } from '../start-qemu.ts'

describe('the screen of a PC without a disk', () => {
  it('is read letter by letter from a QEMU that emulates it', async () => {
    await using qemu = await startQemu()
    const text = await qemu.screen.waitForText('No bootable device', 100_000)
    expect(text).toMatch(/^SeaBIOS \(version [0-9]/)
    expect(text).not.toContain('\ufffd')
    expect(qemu.screen.screenshot().subarray(1, 4).toString('latin1')).toBe('PNG')
  })
})
