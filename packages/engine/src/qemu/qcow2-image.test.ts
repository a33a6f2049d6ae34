// SPDX-License-Identifier: Apache-2.0
import { createHash, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { passphraseOf } from './passphrase.ts'
import { parseOverlayHeader } from './qcow2-header.ts'
import { newQcow2Image } from './qcow2-image.ts'

const passphrase = passphraseOf(new Uint8Array(32).fill(7))

describe('a new qcow2 image', () => {
  it.each([512, 1 << 20, 2 ** 32, 2 ** 47])('of %i bytes has a header that our own parser takes', (sizeBytes) => {
    const { pieces, fileBytes } = newQcow2Image(sizeBytes, passphrase, randomBytes)
    const file = Buffer.alloc(65_536)
    file.set(pieces[0]?.bytes ?? [], pieces[0]?.offset)
    expect(parseOverlayHeader(file)).toEqual({ sizeBytes })
    expect(fileBytes % 65_536).toBe(0)
    for (const { offset, bytes } of pieces) expect(offset + bytes.length).toBeLessThanOrEqual(fileBytes)
  })

  it.each([0, -512, 513, 1.5, 2 ** 47 + 512, Number.NaN])('cannot have %d bytes', (sizeBytes) => {
    expect(() => newQcow2Image(sizeBytes, passphrase, randomBytes)).toThrow(RangeError)
  })

  it('shows neither passphrase nor master key', () => {
    const drawn: Buffer[] = []
    const random = (length: number): Buffer => {
      const bytes = createHash('shake256', { outputLength: length }).update(String(drawn.length)).digest()
      drawn.push(Buffer.from(bytes))
      return bytes
    }
    const image = Buffer.concat(newQcow2Image(1 << 20, passphrase, random).pieces.map(({ bytes }) => bytes))
    expect(drawn[0]).toHaveLength(64)
    expect(image.includes(drawn[0] ?? '')).toBe(false)
    expect(image.includes(Buffer.from(passphrase))).toBe(false)
    expect(image.includes(drawn[1] ?? '')).toBe(true)
  })

  it('is never the same twice', () => {
    const digests = [1, 2].map(() =>
      createHash('sha256')
        .update(Buffer.concat(newQcow2Image(1 << 20, passphrase, randomBytes).pieces.map(({ bytes }) => bytes)))
        .digest('hex'),
    )
    expect(digests[0]).not.toBe(digests[1])
  })
})
