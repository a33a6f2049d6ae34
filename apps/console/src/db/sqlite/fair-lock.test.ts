// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { FairLock } from './fair-lock.ts'

test('work runs one at a time in the order of the calls, whatever each piece waits for', async () => {
  const lock = new FairLock()
  const seen: string[] = []
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const all = gates.map((gate, index) =>
    lock.run(async () => {
      seen.push(`${index} in`)
      await gate.promise
      seen.push(`${index} out`)
      return index
    }),
  )
  for (const gate of gates.toReversed()) gate.resolve()
  expect(await Promise.all(all)).toEqual([0, 1, 2])
  expect(seen).toEqual(['0 in', '0 out', '1 in', '1 out', '2 in', '2 out'])
})

test('a failure reaches its own caller and not the next one', async () => {
  const lock = new FairLock()
  const failing = lock.run(() => Promise.reject(new Error('no')))
  const next = lock.run(() => Promise.resolve('yes'))
  await expect(failing).rejects.toThrow('no')
  expect(await next).toBe('yes')
})
