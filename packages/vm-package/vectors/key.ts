// SPDX-License-Identifier: Apache-2.0
import { wrapPackageKey } from '../src/keys.ts'
import { type Named, secret, type VectorOf } from './vector.ts'

const orgKey = secret('organisation')
const packageKey = secret('package')
const manifest = secret('manifest').toString('hex')
const nonce = secret('nonce').subarray(0, 24)

interface Changes extends Partial<VectorOf<'key'>> {
  readonly alter?: (file: string) => string
}

function vector(about: string, { alter, ...changes }: Changes = {}): VectorOf<'key'> {
  const file = wrapPackageKey(orgKey, packageKey, manifest, nonce).toString()
  return {
    kind: 'key',
    about,
    orgKey: orgKey.toString('hex'),
    packageKey: packageKey.toString('hex'),
    manifest,
    nonce: nonce.toString('hex'),
    file: alter === undefined ? file : alter(file),
    expect: 'ok',
    ...changes,
  }
}

export const keyVectors = (): Named<'key'> => ({
  wrapped: vector('a package key under the organisation key'),
  'another-organisation': vector('the organisation key is another', { orgKey: secret('another').toString('hex'), expect: 'key-refused' }),
  'another-manifest': vector('the key of another package', { manifest: secret('another').toString('hex'), expect: 'key-refused' }),
  'renamed-manifest': vector('the digest in clear was replaced by the one asked for', {
    manifest: secret('another').toString('hex'),
    alter: (file) => file.replace(manifest, secret('another').toString('hex')),
    expect: 'key-refused',
  }),
  'altered-box': vector('one letter of the box is another', {
    alter: (file) => file.replace(/("box": ".{10})(.)/, (_, head: string, letter: string) => head + (letter === 'A' ? 'B' : 'A')),
    expect: 'key-refused',
  }),
  'unknown-key': vector('a field that this format does not have', {
    alter: (file) => file.replace('"format"', '"note": 1, "format"'),
    expect: 'key-invalid',
  }),
  'short-box': vector('a box that is too short', {
    alter: (file) => file.replace(/"box": "(.{104}).{4}"/, '"box": "$1"'),
    expect: 'key-invalid',
  }),
})
