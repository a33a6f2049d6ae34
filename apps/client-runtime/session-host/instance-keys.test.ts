// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { overwriteDerived, overwriteInstanceKey, snapshotKey, suspendedStateKey, tpmKey, userDiskKey } from './instance-keys.ts'

const isOverwritten = (bytes: Uint8Array) => bytes.every((byte) => byte === 0)

it('keys that were derived are overwritten together, those of another instance are not, and the same come of it again', () => {
  const [one, other] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]
  const derived = [userDiskKey(one, 'd'), suspendedStateKey(one), tpmKey(one), snapshotKey(one, 'a')]
  const [kept, before] = [tpmKey(other), Uint8Array.from(tpmKey(one))]
  expect(derived.some(isOverwritten)).toBe(false)
  overwriteDerived(one)
  expect([derived.every(isOverwritten), isOverwritten(one), isOverwritten(kept)]).toEqual([true, false, false])
  const again = tpmKey(one)
  expect(again).toEqual(before)
  overwriteInstanceKey(one)
  expect([isOverwritten(again), isOverwritten(one), isOverwritten(kept)]).toEqual([true, true, false])
})
