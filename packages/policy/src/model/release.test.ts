// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { inputOf } from '../../vectors/scenario.ts'
import { PolicyError } from '../error.ts'
import { compareRuntimeVersions } from './names.ts'
import { packageManifestPath, packageOf, parseRelease, policyDocumentPath, releasePath, writeRelease } from './release.ts'

const { document } = inputOf({
  layers: [
    { layer: 'organisation', rules: [] },
    { layer: 'device', selector: { tag: 'floor-2' }, rules: [] },
  ],
}).release
const text = writeRelease(document)

describe('a release', () => {
  it('round-trips through its canonical text', () => {
    expect(parseRelease(text)).toEqual(document)
    expect(parseRelease(new TextEncoder().encode(text))).toEqual(document)
  })

  it('says how a device comes to it, or leaves that out, and then its text is as it always was', () => {
    expect(text).not.toContain('update')
    const forced = { ...document, update: { keep: 2, forceAt: 1_800_000_000 } }
    expect(parseRelease(writeRelease(forced))).toEqual(forced)
    for (const update of ['{"keep":9,"forceAt":null}', '{"keep":1}', '{"keep":1,"forceAt":"soon"}', 'null', '{"keep":1,"forceAt":null,"why":""}']) {
      expect(() => parseRelease(text.replace('{', `{"update":${update},`)), update).toThrow(expect.objectContaining({ code: 'release-invalid' }))
    }
  })

  it('names its package by the path of the manifest', () => {
    expect(packageOf(document)).toEqual({ name: 'office', version: '3', sha256: document.package.sha256 })
    expect(packageManifestPath('office', '3')).toBe(document.package.path)
    expect(policyDocumentPath('organisation-1', '1')).toBe(document.layers[0]?.path)
    expect(releasePath('office', 7)).toBe('releases/office/7.json')
  })

  it.each([
    ['a path out of its folder', (value: string) => value.replace('packages/office/3.json', 'packages/../3.json')],
    ['serial 0', (value: string) => value.replace('"serial":7', '"serial":0')],
    ['an unknown field', (value: string) => value.replace('{', '{"note":1,')],
    ['a selector of another layer', (value: string) => value.replace('"selector":null', '"selector":{"user":"ada"}')],
    ['a layer without a selector', (value: string) => value.replace('"selector":{"tag":"floor-2"}', '"selector":null')],
    ['a short digest', (value: string) => value.replace(/"sha256":"../, '"sha256":"')],
    ['a runtime version with a suffix', (value: string) => value.replace('"0.1.0"', '"0.1.0-beta"')],
  ])('is refused with %s', (_what, change) => {
    expect(change(text)).not.toBe(text)
    expect(() => parseRelease(change(text))).toThrow(expect.objectContaining({ code: 'release-invalid' }))
  })

  it('is never read from random bytes, and nothing but a PolicyError comes of it', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void expect(() => parseRelease(bytes)).toThrow(PolicyError)))
  })
})

describe('runtime versions', () => {
  it('compare by number, not by text', () => {
    expect(compareRuntimeVersions('0.10.0', '0.9.9')).toBeGreaterThan(0)
    expect(compareRuntimeVersions('1.0.0', '0.99.99')).toBeGreaterThan(0)
    expect(compareRuntimeVersions('1.2.3', '1.2.3')).toBe(0)
    expect(compareRuntimeVersions('1.2.3', '1.2.4')).toBeLessThan(0)
  })
})
