// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { nextVersion } from './next-version.ts'

it('counts the last number of a version up', () => {
  expect(['1', '9', '1.2.9', '2026-b', '99999999999999999999'].map(nextVersion)).toEqual(['2', '10', '1.2.10', '2026-b.1', '100000000000000000000'])
})
