// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import type { Release } from './release.ts'
import { diffReleases } from './release-diff.ts'

const [old, next, other] = ['ab', 'cd', 'ef'].map((byte) => byte.repeat(32))
const everybody = { layer: 'organisation' as const, selector: null, path: 'policies/base/1.json', sha256: `${old}` }
const staff = { layer: 'group' as const, selector: { group: 'staff' }, path: 'policies/usb/3.json', sha256: `${other}` }
const release: Release = {
  ...{ format: 'casemate-release-1', desktop: 'office', title: 'Office', serial: 1, minRuntime: '0.1.0' },
  ...{ package: { path: 'packages/demo/1.json', sha256: `${old}` }, layers: [everybody, staff] },
}

it('says what changes in a release and in its layers, and nothing for another order or serial', () => {
  expect(diffReleases(release, { ...release, serial: 2, layers: [staff, everybody] })).toEqual({ fields: [], layers: [] })
  const changed: Release = {
    ...{ ...release, title: 'Office 2', package: { path: 'packages/demo/2.json', sha256: `${next}` }, update: { keep: 1, forceAt: 0 } },
    layers: [
      { ...everybody, path: 'policies/base/2.json', sha256: `${next}` },
      { ...staff, selector: { group: 'guests' } },
    ],
  }
  expect(diffReleases(release, changed)).toEqual({
    fields: [
      { name: 'title', kind: 'changed', before: 'Office', after: 'Office 2' },
      { name: 'package', kind: 'changed', before: `demo 1, SHA-256 ${old}`, after: `demo 2, SHA-256 ${next}` },
      {
        ...{ name: 'update', kind: 'changed', before: 'suggested, 0 former releases kept' },
        after: 'forced from 1970-01-01T00:00:00.000Z on, 1 former releases kept',
      },
    ],
    layers: [
      { name: 'organisation: base', kind: 'changed', before: `1, SHA-256 ${old}`, after: `2, SHA-256 ${next}` },
      { name: 'group `staff`: usb', kind: 'removed', before: `3, SHA-256 ${other}`, after: null },
      { name: 'group `guests`: usb', kind: 'added', before: null, after: `3, SHA-256 ${other}` },
    ],
  })
})
