// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, open, rm, stat, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { createOverlay } from '../../src/qemu/overlay.ts'
import { endOfOverlay } from '../../src/qemu/qcow2-end.ts'

it('finds where the last cluster in use ends, however long the file was made, and refuses counts that are not ours', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'end-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const file = join(folder, 'disk.qcow2')
  await createOverlay({ file, key: new Uint8Array(32), sizeBytes: 2 ** 30 })
  const { size } = await stat(file)
  expect(await endOfOverlay(file)).toBe(size)
  await truncate(file, 2 ** 30)
  expect(await endOfOverlay(file)).toBe(size)

  await put(file, 2 * 65_536 + 2 * 5000, [0, 1])
  expect(await endOfOverlay(file)).toBe(5001 * 65_536)
  await put(file, 56, [0, 0, 1, 0])
  await expect(endOfOverlay(file)).rejects.toMatchObject({ code: 'overlay-altered' })
})

async function put(file: string, position: number, bytes: readonly number[]): Promise<void> {
  const handle = await open(file, 'r+')
  await handle.write(Buffer.from(bytes), 0, bytes.length, position)
  await handle.close()
}
