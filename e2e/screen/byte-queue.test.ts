// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { ByteQueue } from './byte-queue.ts'
import { ScreenError } from './error.ts'

describe('ByteQueue', () => {
  it('serves reads of any size from chunks of any size, in order', async () => {
    const queue = new ByteQueue()
    const first = queue.read(3)
    for (const text of ['a', 'bcd', '', 'efgh']) queue.push(Buffer.from(text))
    expect((await first).toString()).toBe('abc')
    expect((await queue.read(1)).toString()).toBe('d')
    expect((await queue.read(4)).toString()).toBe('efgh')
  })

  it('still serves what came before the end, and fails the first read beyond it', async () => {
    const queue = new ByteQueue()
    queue.push(Buffer.from('abc'))
    queue.close(new ScreenError('closed', 'over'))
    expect((await queue.read(2)).toString()).toBe('ab')
    await expect(queue.read(2)).rejects.toMatchObject({ code: 'closed' })
  })

  it('fails a read that waits when the end comes', async () => {
    const queue = new ByteQueue()
    const waiting = queue.read(1)
    queue.close(new ScreenError('closed', 'over'))
    await expect(waiting).rejects.toMatchObject({ code: 'closed' })
  })
})
