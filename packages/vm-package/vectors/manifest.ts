// SPDX-License-Identifier: Apache-2.0
import { encodeManifest, type Manifest, manifestSha256 } from '../src/manifest.ts'
import { type Named, secret, type VectorOf } from './vector.ts'

const digest = (name: string): string => secret(name).toString('hex')
const small: Manifest = {
  format: 'casemate-package-1',
  name: 'accounting',
  version: '1.0.0',
  createdAt: '2026-01-31T12:00:00Z',
  minRuntime: '0.1.0',
  hardware: { firmware: 'bios', chipset: 'i440fx', cpus: 1, memoryMiB: 128, video: 'std', network: null },
  disks: [{ name: 'system', role: 'system', size: 4096, controller: 'ide', root: digest('system root') }],
  validity: { notBefore: null, notAfter: null },
  eula: null,
  scripts: [],
  prefetch: null,
  warmState: null,
}
const full: Manifest = {
  ...small,
  hardware: { ...small.hardware, cpus: 2, memoryMiB: 2048, network: { model: 'e1000' } },
  disks: [...small.disks, { name: 'user', role: 'user', size: 134_217_728, controller: 'virtio', root: digest('user root') }],
  validity: { notBefore: '2026-02-01T00:00:00Z', notAfter: '2027-02-01T00:00:00Z' },
  eula: { sha256: digest('licence') },
}
const customized: Manifest = { ...small, customization: { sha256: digest('customization') } }
const ideDisk = (name: string): Manifest['disks'][number] => ({ name, role: 'user', size: 4096, controller: 'ide', root: digest(name) })
const prefetching: Manifest = { ...small, prefetch: { sha256: digest('prefetch') } }
const warm: Manifest = { ...small, warmState: { sha256: digest('warm state') } }
const smallText = encodeManifest(small).toString()

function vector(about: string, text: string, changes: { readonly expect?: string; readonly sha256?: string } = {}): VectorOf<'manifest'> {
  return { kind: 'manifest', about, text, sha256: changes.sha256 ?? manifestSha256(Buffer.from(text)), expect: changes.expect ?? 'ok' }
}

/** The small manifest with one passage replaced. */
function replaced(about: string, from: string, to: string): VectorOf<'manifest'> {
  if (!smallText.includes(from)) throw new Error(`the small manifest has no ${from}`)
  return vector(about, smallText.replace(from, to), { expect: 'manifest-invalid' })
}

export const manifestVectors = (): Named<'manifest'> => ({
  small: vector('one disk and no conditions', smallText),
  full: vector('two disks, network, validity and licence', encodeManifest(full).toString()),
  customized: vector('files for a medium of each instance', encodeManifest(customized).toString()),
  'customization-without-a-place': vector(
    'four disks on ide leave no place for the drive of the medium',
    JSON.stringify({ ...customized, disks: [...small.disks, ideDisk('a'), ideDisk('b'), ideDisk('c')] }),
    { expect: 'manifest-invalid' },
  ),
  'customization-null': vector('no customization is no field', JSON.stringify({ ...small, customization: null }), { expect: 'manifest-invalid' }),
  prefetching: vector('an order in which to fetch', encodeManifest(prefetching).toString()),
  'prefetch-not-a-digest': replaced('a prefetch list that is not named by its digest', '"prefetch": null', '"prefetch": {"sha256": "list"}'),
  warm: vector('a state of the booted machine', encodeManifest(warm).toString()),
  'warm-state-not-a-digest': replaced('a warm state that is not named by its digest', '"warmState": null', '"warmState": {"sha256": "state"}'),
  'warm-state-beside-customization': vector(
    'a booted machine would have read the files of another instance',
    JSON.stringify({ ...customized, warmState: warm.warmState }),
    { expect: 'manifest-invalid' },
  ),
  'another-order': vector(
    'the order of keys and white space are free to a writer',
    JSON.stringify(Object.fromEntries(Object.entries(small).reverse())),
  ),
  'another-digest': vector('not the bytes that were approved', smallText, { sha256: digest('another'), expect: 'manifest-altered' }),
  'not-json': vector('text that is no JSON', 'casemate', { expect: 'manifest-invalid' }),
  'byte-order-mark': vector('a byte order mark before the text', `\ufeff${smallText}`, { expect: 'manifest-invalid' }),
  'duplicate-key': replaced('a key twice', '"version": "1.0.0"', '"version": "1.0.0", "version": "1.0.0"'),
  'duplicate-key-escaped': replaced('a key twice, once written with an escape', '"cpus": 1', '"cpus": 1, "\\u0063pus": 2'),
  'unknown-key': replaced('a field that this format does not have', '"eula": null', '"eula": null, "licence": null'),
  'missing-key': replaced('a field is missing', '"eula": null,', ''),
  'another-format': replaced('a format of the future', 'casemate-package-1', 'casemate-package-2'),
  'name-is-a-path': replaced('a name that would climb out of its folder', '"accounting"', '"../accounting"'),
  'size-not-of-blocks': replaced('a disk that is no multiple of 4096 bytes', '"size": 4096', '"size": 4608'),
  'size-as-text': replaced('a size in quotes', '"size": 4096', '"size": "4096"'),
  'first-disk-not-system': replaced('no system disk to boot from', '"role": "system"', '"role": "user"'),
  'root-in-capitals': replaced('a digest in capitals', digest('system root'), digest('system root').toUpperCase()),
  'no-such-day': replaced('the thirty-first of February', '2026-01-31T', '2026-02-31T'),
  'local-time': replaced('a time without its zone', '12:00:00Z', '12:00:00'),
  'script-of-the-future': replaced('scripts are not part of this format yet', '"scripts": []', '"scripts": ["setup"]'),
  'never-valid': replaced(
    'it ends before it begins',
    '"notBefore": null,\n    "notAfter": null',
    '"notBefore": "2027-01-01T00:00:00Z", "notAfter": "2026-01-01T00:00:00Z"',
  ),
})
