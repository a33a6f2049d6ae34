// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { recordFrames } from '../record-frames.ts'
import { startQemu } from '../start-qemu.ts'

describe('the screen of a PC without a disk', () => {
  it('is read letter by letter from a QEMU that emulates it, and recorded picture by picture', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'frames-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    await using qemu = await startQemu()
    const recording = recordFrames(qemu.screen, folder)
    const text = await qemu.screen.waitForText('No bootable device', 100_000)
    const last = qemu.screen.screenshot()
    const files = await recording.end()
    expect(text).toMatch(/^SeaBIOS \(version [0-9]/)
    expect(text).not.toContain('\ufffd')
    expect(last.subarray(1, 4).toString('latin1')).toBe('PNG')
    const pictures = await Promise.all(files.map((file) => readFile(file)))
    expect(pictures.length).toBeGreaterThan(1)
    expect(pictures.at(-1)?.equals(last)).toBe(true)
    for (const [at, picture] of pictures.entries()) expect(pictures[at - 1]?.equals(picture)).not.toBe(true)
  })
})
