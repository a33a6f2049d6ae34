// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { snapshotLines } from './snapshot.ts'

const [a, b, c] = ['a'.repeat(16), 'b'.repeat(16), 'c'.repeat(16)] as const

it('shows snapshots as a tree, where the desktop is now, and what does not fit or was altered', () => {
  const at = (id: string, parent: string | null, name: string, fits = true) => ({ id, parent, name, takenAt: 0, fits })
  const list = { snapshots: [at(a, null, 'clean', false), at(b, a, 'with office'), at(c, null, 'other')], unreadable: ['d'.repeat(16)] }
  expect(snapshotLines({ ...list, current: b, take: true, revert: true })).toEqual([
    `${a}  1970-01-01T00:00:00.000Z  clean (another release)`,
    `  ${b}  1970-01-01T00:00:00.000Z  with office (now)`,
    `${c}  1970-01-01T00:00:00.000Z  other`,
    `${'d'.repeat(16)}  altered: it can only be deleted`,
  ])
  expect(snapshotLines({ snapshots: [], unreadable: [], current: null, take: true, revert: true })).toEqual(['no snapshots'])
})
