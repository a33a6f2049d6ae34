// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { emptyNonce, encodeRecord, firstRelease } from '../demo-record.ts'
import { writeNonce, writeRelease } from '../write-nonce.ts'

const NONCE_OFFSET = 4096
const RELEASE_OFFSET = 8192
const NONCE = 'a1'.repeat(32)

describe('writing a nonce and a release into a disk', () => {
  let folder = ''
  let disk = ''
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'demo-disk-'))
    disk = join(folder, 'system.raw')
    const image = Buffer.alloc(12_288, 0x55)
    encodeRecord({ nonceOffset: NONCE_OFFSET, releaseOffset: RELEASE_OFFSET }).copy(image, 512)
    image.write(emptyNonce, NONCE_OFFSET)
    image.write(firstRelease, RELEASE_OFFSET)
    await writeFile(disk, image)
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('changes the bytes of those two files and no other', async () => {
    const expected = await readFile(disk)
    expected.write(`${NONCE}\n`, NONCE_OFFSET)
    expected.write('42             \n', RELEASE_OFFSET)
    await writeNonce(disk, NONCE)
    await writeRelease(disk, 42)
    expect(await readFile(disk)).toEqual(expected)
  })

  it('can be repeated with other values', async () => {
    await writeNonce(disk, NONCE)
    await writeNonce(disk, 'b2'.repeat(32))
    await writeRelease(disk, 999_999)
    await writeRelease(disk, 3)
    const image = await readFile(disk)
    expect(image.toString('latin1', NONCE_OFFSET, NONCE_OFFSET + 65)).toBe(`${'b2'.repeat(32)}\n`)
    expect(image.toString('latin1', RELEASE_OFFSET, RELEASE_OFFSET + 16)).toBe('3              \n')
  })

  it.each([NONCE.toUpperCase(), NONCE.slice(1), `${NONCE}0`])('refuses the nonce %s and leaves the disk as it was', async (nonce) => {
    const before = await readFile(disk)
    await expect(writeNonce(disk, nonce)).rejects.toMatchObject({ code: 'value-invalid' })
    expect(await readFile(disk)).toEqual(before)
  })

  it.each([-1, 1.5, 1_000_000, Number.NaN])('refuses release %d and leaves the disk as it was', async (release) => {
    const before = await readFile(disk)
    await expect(writeRelease(disk, release)).rejects.toMatchObject({ code: 'value-invalid' })
    expect(await readFile(disk)).toEqual(before)
  })

  it('refuses a disk on which the file is not where the record says', async () => {
    const image = await readFile(disk)
    image.write('something else', NONCE_OFFSET)
    await writeFile(disk, image)
    await expect(writeNonce(disk, NONCE)).rejects.toMatchObject({ code: 'image-invalid' })
    expect(await readFile(disk)).toEqual(image)
  })

  it('refuses a disk that this tool has not made', async () => {
    await writeFile(disk, Buffer.alloc(12_288))
    await expect(writeNonce(disk, NONCE)).rejects.toMatchObject({ code: 'image-invalid' })
  })
})
