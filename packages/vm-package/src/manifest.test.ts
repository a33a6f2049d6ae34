// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { encodeManifest, type Manifest, manifestSha256, openManifest, parseManifest } from './manifest.ts'

const manifest: Manifest = {
  format: 'casemate-package-1',
  name: 'accounting',
  version: '1.0.0',
  createdAt: '2026-01-31T12:00:00Z',
  minRuntime: '0.1.0',
  hardware: { firmware: 'bios', chipset: 'i440fx', cpus: 1, memoryMiB: 128, video: 'std', network: { model: 'e1000' } },
  disks: [{ name: 'system', role: 'system', size: 4096, controller: 'ide', root: 'ab'.repeat(32) }],
  validity: { notBefore: null, notAfter: '2027-01-01T00:00:00Z' },
  eula: { sha256: 'cd'.repeat(32) },
  scripts: [],
  prefetch: null,
  warmState: null,
}

function disk(name: string, changes: Partial<Manifest['disks'][number]> = {}): Manifest['disks'][number] {
  return { name, role: 'user', size: 4096, controller: 'ide', root: 'ef'.repeat(32), ...changes }
}

describe('encodeManifest', () => {
  it('gives bytes that parse to the same manifest', () => {
    expect(parseManifest(encodeManifest(manifest))).toEqual(manifest)
  })

  it('gives the same bytes whatever the order of keys', () => {
    const { format, ...rest } = manifest
    const shuffled: Manifest = { ...rest, hardware: { ...manifest.hardware }, format }
    expect(Object.keys(shuffled)).not.toEqual(Object.keys(manifest))
    expect(encodeManifest(shuffled)).toEqual(encodeManifest(manifest))
  })

  it('refuses what a reader would refuse', () => {
    expect(() => encodeManifest({ ...manifest, version: '../1' })).toThrowError(expect.objectContaining({ code: 'manifest-invalid' }))
  })
})

describe('openManifest', () => {
  it('checks the digest before it reads a byte', () => {
    const bytes = encodeManifest(manifest)
    expect(openManifest(bytes, manifestSha256(bytes))).toEqual(manifest)
    const broken = Buffer.from('{')
    expect(() => openManifest(broken, manifestSha256(bytes))).toThrowError(expect.objectContaining({ code: 'manifest-altered' }))
    expect(() => openManifest(broken, manifestSha256(broken))).toThrowError(expect.objectContaining({ code: 'manifest-invalid' }))
  })
})

describe('the disks of a manifest', () => {
  const [system] = manifest.disks
  const parse =
    (...disks: Manifest['disks']) =>
    () =>
      parseManifest(Buffer.from(JSON.stringify({ ...manifest, disks })))
  const invalid = expect.objectContaining({ code: 'manifest-invalid' })
  if (system === undefined) throw new Error('the manifest above has no disk')

  it('have one name each', () => {
    expect(parse(system, disk('user'))).not.toThrow()
    expect(parse(system, disk('system'))).toThrowError(invalid)
  })

  it('are at most four on ide', () => {
    const three = [disk('a'), disk('b'), disk('c')]
    expect(parse(system, ...three, disk('d', { controller: 'virtio' }))).not.toThrow()
    expect(parse(system, ...three, disk('d'))).toThrowError(invalid)
  })
})
