// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openPackageDisk } from '../src/read/package-device.ts'
import { contentOf, mixedDisk, sealContent, sparseDisks, systemDisk } from './disks.ts'

describe('a sealed disk', () => {
  it('reads back what was sealed, whole and in any piece, with its zero runs told truly', async () => {
    await fc.assert(
      fc.asyncProperty(sparseDisks, fc.array(fc.tuple(fc.nat(), fc.nat(300_000)), { maxLength: 8 }), async (shape, pieces) => {
        const sealed = await sealContent(contentOf(shape))
        const { content, packageKey, store } = sealed
        const disk = await openPackageDisk({ disk: systemDisk(sealed), packageKey, origin: store })
        expect(disk.size).toBe(content.length)
        expect((await disk.read(0, disk.size)).equals(content)).toBe(true)
        for (const [from, length] of pieces) {
          const offset = from % content.length
          const wanted = content.subarray(offset, offset + length)
          expect((await disk.read(offset, wanted.length)).equals(wanted)).toBe(true)
        }
        await checkExtents(await disk.extents(0, disk.size), content)
      }),
      { numRuns: 25 },
    )
  })

  it('has the same chunks and pages under every package key, and another root', async () => {
    const content = mixedDisk()
    const first = await sealContent(content)
    const second = await sealContent(content, { store: first.store })
    expect(first.stats.newObjects).toBeGreaterThan(5)
    expect(second.stats.newObjects).toBe(1)
    expect(second.sha256).not.toBe(first.sha256)
    const disk = await openPackageDisk({ disk: systemDisk(second), packageKey: second.packageKey, origin: second.store })
    expect((await disk.read(0, disk.size)).equals(content)).toBe(true)
  })

  it('opens under its own package key only', async () => {
    const first = await sealContent(mixedDisk())
    const second = await sealContent(mixedDisk(), { store: first.store })
    const open = (packageKey: Uint8Array) => openPackageDisk({ disk: systemDisk(first), packageKey, origin: first.store })
    await expect(open(second.packageKey)).rejects.toMatchObject({ code: 'root-altered', subject: { disk: 'system' } })
    await expect(open(first.packageKey)).resolves.toBeDefined()
  })
})

async function checkExtents(extents: readonly { readonly length: number; readonly zero: boolean }[], content: Buffer): Promise<void> {
  let at = 0
  for (const { length, zero } of extents) {
    expect(content.subarray(at, at + length).some((byte) => byte !== 0)).toBe(!zero)
    at += length
  }
  expect(at).toBe(content.length)
}
