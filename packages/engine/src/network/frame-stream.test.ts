// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FrameReader, frameHeader, MAX_FRAME } from './frame-stream.ts'

describe('frames on a stream', () => {
  it('come out whole however the stream is cut', () => {
    const frames = fc.array(fc.uint8Array({ minLength: 14, maxLength: 100 }), { maxLength: 8 })
    fc.assert(
      fc.property(frames, fc.array(fc.nat(900)), (sent, cuts) => {
        const all = Buffer.concat(sent.flatMap((frame) => [frameHeader(frame), frame]))
        const edges = [0, ...cuts.filter((cut) => cut < all.length).toSorted((a, b) => a - b), all.length]
        const reader = new FrameReader()
        const received = edges.slice(1).flatMap((end, index) => reader.push(all.subarray(edges[index], end)))
        expect(received.map((frame) => [...frame])).toEqual(sent.map((frame) => [...frame]))
      }),
    )
  })

  it.each([0, 13, MAX_FRAME + 1, 0xffff_ffff])('of %j bytes are refused', (length) => {
    const header = Buffer.alloc(4)
    header.writeUInt32BE(length)
    expect(() => new FrameReader().push(header)).toThrow(expect.objectContaining({ code: 'network-protocol' }))
  })

  it.each([14, MAX_FRAME])('of %j bytes are taken', (length) => {
    const frame = Buffer.alloc(length, 5)
    expect(new FrameReader().push(Buffer.concat([frameHeader(frame), frame]))).toEqual([frame])
  })
})
