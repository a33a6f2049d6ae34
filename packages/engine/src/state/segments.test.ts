// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { segmentLength, tagLength } from './format.ts'
import { openSegments, type ReadAt, sealSegments } from './segments.ts'

const key = new Uint8Array(32).fill(7)
const sealedLength = segmentLength + tagLength

async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer[]> {
  const pieces: Buffer[] = []
  for await (const piece of source) pieces.push(Buffer.from(piece))
  return pieces
}

const seal = (plain: Uint8Array): Promise<Buffer[]> => collect(sealSegments(key, [plain]))
const readFrom =
  (sealed: Uint8Array, atMost = sealed.length): ReadAt =>
  async (buffer, position) => {
    const piece = sealed.subarray(position, position + Math.min(buffer.length, atMost))
    buffer.set(piece)
    return piece.length
  }
const open = async (sealed: Uint8Array, under = key): Promise<Buffer> =>
  Buffer.concat(await collect(openSegments(under, readFrom(sealed), 0, sealed.length)))

function pattern(length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8)) & 255))
}

describe('segments of a suspended state', () => {
  it.each([0, 1, segmentLength - 1, segmentLength, segmentLength + 1, 2 * segmentLength])('come back as they were: %i bytes', async (length) => {
    const plain = pattern(length)
    const sealed = await seal(plain)
    expect(sealed).toHaveLength(Math.max(1, Math.ceil(length / segmentLength)))
    expect((await open(Buffer.concat(sealed))).equals(plain)).toBe(true)
  })

  it('do not depend on how the bytes arrive', async () => {
    const plain = pattern(segmentLength + 100)
    const whole = Buffer.concat(await seal(plain))
    const pieces = await collect(sealSegments(key, [plain.subarray(0, 3), new Uint8Array(0), plain.subarray(3, 70_000), plain.subarray(70_000)]))
    expect(Buffer.concat(pieces).equals(whole)).toBe(true)
    const opened = await collect(openSegments(key, readFrom(whole, 70_000), 0, whole.length))
    expect(Buffer.concat(opened).equals(plain)).toBe(true)
  })

  it('open only under their key', async () => {
    await expect(open(Buffer.concat(await seal(pattern(9))), new Uint8Array(32).fill(8))).rejects.toMatchObject({ code: 'state-altered' })
  })

  const threeSegments = pattern(2 * segmentLength + 10)
  it.each<[string, (sealed: Buffer) => Uint8Array]>([
    ['a flipped bit in the first', (sealed) => flip(sealed, 0)],
    ['a flipped bit in the last', (sealed) => flip(sealed, sealed.length - 20)],
    ['a flipped bit in a tag', (sealed) => flip(sealed, sealedLength - 1)],
    ['the last one missing', (sealed) => sealed.subarray(0, 2 * sealedLength)],
    ['a cut in the middle of one', (sealed) => sealed.subarray(0, sealedLength + 100)],
    ['a cut inside a tag', (sealed) => sealed.subarray(0, sealed.length - 1)],
    ['everything missing', () => new Uint8Array(0)],
    ['a byte too many', (sealed) => Buffer.concat([sealed, new Uint8Array(1)])],
    [
      'two swapped',
      (sealed) =>
        Buffer.concat([sealed.subarray(sealedLength, 2 * sealedLength), sealed.subarray(0, sealedLength), sealed.subarray(2 * sealedLength)]),
    ],
    ['one twice', (sealed) => Buffer.concat([sealed.subarray(0, sealedLength), sealed])],
  ])('are refused with %s', async (_, alter) => {
    const sealed = Buffer.concat(await seal(threeSegments))
    expect((await open(sealed)).equals(threeSegments)).toBe(true)
    await expect(open(alter(sealed))).rejects.toMatchObject({ code: 'state-altered' })
  })

  it('begin where they are said to, and are refused when the file became shorter since its length was taken', async () => {
    const behind = Buffer.concat([new Uint8Array(5), ...(await seal(threeSegments))])
    const opened = await collect(openSegments(key, readFrom(behind), 5, behind.length))
    expect(Buffer.concat(opened).equals(threeSegments)).toBe(true)
    await expect(collect(openSegments(key, readFrom(behind.subarray(0, -1)), 5, behind.length))).rejects.toMatchObject({ code: 'state-altered' })
  })

  it('yield no byte of a segment that does not verify', async () => {
    const sealed = flip(Buffer.concat(await seal(threeSegments)), sealedLength + 5)
    const yielded: Uint8Array[] = []
    await expect(
      (async () => {
        for await (const segment of openSegments(key, readFrom(sealed), 0, sealed.length)) yielded.push(segment)
      })(),
    ).rejects.toMatchObject({ code: 'state-altered' })
    expect(Buffer.concat(yielded).equals(threeSegments.subarray(0, segmentLength))).toBe(true)
  })
})

function flip(bytes: Uint8Array, offset: number): Buffer {
  const altered = Buffer.from(bytes)
  altered[offset] = (altered[offset] ?? 0) ^ 1
  return altered
}
