// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { readChanges } from './read-changes.ts'

const policy = (version: string, rules: readonly object[]) => ({
  path: `policies/base/${version}.json`,
  bytes: Buffer.from(JSON.stringify({ format: 'casemate-policy-1', name: 'base', version, minRuntime: '0.1.0', rules })).toString('base64'),
})

it('reads what changes, and leaves the whole to be shown where nothing can be compared', () => {
  const memory = { setting: 'memory', value: { maxMiB: 256 } }
  const changes = readChanges(policy('1', []), policy('2', [memory]))
  expect(changes).toMatchObject({ kind: 'policy', diff: { rules: [{ setting: 'memory', kind: 'added' }] } })
  expect(readChanges(null, policy('2', [memory]))).toBeNull()
  expect(readChanges(policy('1', []), policy('2', [{ ...memory, setting: 'colour' }]))).toBeNull()
  expect(readChanges(policy('1', []), { ...policy('2', []), path: 'packages/demo/2.json' })).toBeNull()
})
