// SPDX-License-Identifier: Apache-2.0
import { hash } from 'node:crypto'
import { encrypt } from '../src/chunk/cipher.ts'
import { type PackageScript, scriptsKey, sealScripts } from '../src/scripts/package-scripts.ts'
import { type Named, secret, type VectorOf } from './vector.ts'

const packageKey = secret('package')
const scripts: readonly PackageScript[] = [
  { name: 'antivirus', text: '#!/bin/sh\ntest -x /usr/bin/scanner\n' },
  { name: 'tidy.up', text: '#!/bin/sh\nexit 0\n' },
]
const names = scripts.map(({ name }) => name)

interface Changes {
  readonly expect?: string
  readonly object?: Buffer
  readonly name?: string
  readonly names?: readonly string[]
  readonly packageKey?: Buffer
}

function vector(about: string, changes: Changes = {}): VectorOf<'scripts'> {
  const object = changes.object ?? sealScripts(packageKey, scripts).bytes
  return {
    kind: 'scripts',
    about,
    packageKey: (changes.packageKey ?? packageKey).toString('hex'),
    name: changes.name ?? hash('sha256', object, 'hex'),
    names: [...(changes.names ?? names)],
    scripts: [...scripts],
    object: object.toString('base64'),
    expect: changes.expect ?? 'ok',
  }
}

/** A document that is sealed as it should be and says what it must not. */
function sealed(about: string, changed: object): VectorOf<'scripts'> {
  const bytes = Buffer.from(JSON.stringify({ format: 'casemate-scripts-1', scripts, ...changed }))
  return vector(about, { object: encrypt('scripts', scriptsKey(packageKey), bytes), expect: 'scripts-invalid' })
}

const one = (text: string, name = 'one') => ({ scripts: [{ name, text }] })

function flipped(object: Buffer): Buffer {
  const changed = Buffer.from(object)
  changed.writeUInt8(changed.readUInt8(40) ^ 1, 40)
  return changed
}

export function scriptsVectors(): Named<'scripts'> {
  const { bytes } = sealScripts(packageKey, scripts)
  return {
    'two-scripts': vector('a check before power-on, and something after power-off'),
    'flipped-bit': vector('one bit of the object is another one', { object: flipped(bytes), expect: 'scripts-altered' }),
    'another-object': vector('not the object that the manifest names', { name: secret('another').toString('hex'), expect: 'scripts-altered' }),
    'another-package-key': vector('the key of another package', { packageKey: secret('another package'), expect: 'scripts-altered' }),
    'other-names': vector('other names than the manifest has', { names: names.slice(0, 1), expect: 'scripts-invalid' }),
    'another-format': sealed('a format of the future', { format: 'casemate-scripts-2' }),
    'no-script': sealed('no script at all', { scripts: [] }),
    'out-of-order': sealed('not in the order of their names', { scripts: [...scripts].reverse() }),
    'one-name-twice': sealed('one name twice', { scripts: [scripts[0], scripts[0]] }),
    'name-is-a-path': sealed('a script in a folder', one('#!/bin/sh\n', '../one')),
    'no-interpreter': sealed('no line that names an interpreter', one('exit 0\n')),
    'interpreter-by-name': sealed('an interpreter that is to be looked for', one('#!sh\nexit 0\n')),
    'zero-byte': sealed('a zero byte', one('#!/bin/sh\n\0\n')),
    'too-long': sealed('more than 65,536 bytes', one(`#!/bin/sh\n${' '.repeat(65_536)}`)),
  }
}
