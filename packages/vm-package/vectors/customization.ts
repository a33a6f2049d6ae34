// SPDX-License-Identifier: Apache-2.0
import { hash } from 'node:crypto'
import { type CustomizationFile, encodeTemplate, sealTemplate } from '../src/customization/template.ts'
import { type Named, secret, type VectorOf } from './vector.ts'

const packageKey = secret('package')
const files: readonly CustomizationFile[] = [
  { name: 'meta-data', text: 'instance-id: %random_alpha(12)%\nlocal-hostname: desk-%random_digit(4)%\n' },
  { name: 'user-data', text: '#cloud-config\nusers: [{name: %logon_user%}]\nbootcmd: [echo %host_name% %secret(join)% 100%]\n' },
]
const document = (changed: object) => Buffer.from(JSON.stringify({ format: 'casemate-customization-1', files, ...changed }))

interface Changes {
  readonly expect?: string
  readonly object?: Buffer
  readonly name?: string
  readonly packageKey?: Buffer
}

function vector(about: string, changes: Changes = {}): VectorOf<'customization'> {
  const object = changes.object ?? sealTemplate(packageKey, encodeTemplate(files)).bytes
  return {
    kind: 'customization',
    about,
    packageKey: (changes.packageKey ?? packageKey).toString('hex'),
    name: changes.name ?? hash('sha256', object, 'hex'),
    files: [...files],
    object: object.toString('base64'),
    expect: changes.expect ?? 'ok',
  }
}

/** A document that is sealed as it should be and says what it must not. */
const sealed = (about: string, changed: object) =>
  vector(about, { object: sealTemplate(packageKey, document(changed)).bytes, expect: 'customization-invalid' })

function flipped(object: Buffer): Buffer {
  const changed = Buffer.from(object)
  changed.writeUInt8(changed.readUInt8(40) ^ 1, 40)
  return changed
}

export function customizationVectors(): Named<'customization'> {
  const { bytes } = sealTemplate(packageKey, encodeTemplate(files))
  return {
    'two-files': vector('a seed for cloud-init with every placeholder'),
    'flipped-bit': vector('one bit of the object is another one', { object: flipped(bytes), expect: 'customization-altered' }),
    'another-object': vector('not the object that the manifest names', { name: secret('another').toString('hex'), expect: 'customization-altered' }),
    'another-package-key': vector('the key of another package', { packageKey: secret('another package'), expect: 'customization-altered' }),
    'unknown-key': sealed('a field that this format does not have', { scripts: [] }),
    'another-format': sealed('a format of the future', { format: 'casemate-customization-2' }),
    'no-file': sealed('no file at all', { files: [] }),
    'name-is-a-path': sealed('a file in a folder', { files: [{ name: '../user-data', text: '' }] }),
    'one-name-twice': sealed('two names that differ in case only', { files: [...files, { name: 'USER-DATA', text: '' }] }),
    'user-data-alone': sealed('user-data without the meta-data that cloud-init needs', { files: files.slice(1) }),
    'misspelt-placeholder': sealed('a placeholder that does not exist', { files: [{ name: 'unattend.xml', text: '%hostname%' }] }),
    'random-too-long': sealed('more random letters than 64', { files: [{ name: 'unattend.xml', text: '%random_alpha(65)%' }] }),
  }
}
