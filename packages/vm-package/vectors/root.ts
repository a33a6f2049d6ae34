// SPDX-License-Identifier: Apache-2.0
import { hash } from 'node:crypto'
import { encrypt } from '../src/chunk/cipher.ts'
import { encodeEntry } from '../src/index/pages.ts'
import { type PageRef, rootRef, sealRoot } from '../src/index/root.ts'
import { type Named, secret, type VectorOf } from './vector.ts'

const packageKey = secret('package')
const region = 134_217_728
const page = (name: string, entries: number, storedLength = 4112): PageRef => ({
  name: secret(`${name} name`).toString('hex'),
  key: secret(`${name} key`),
  storedLength,
  entries,
})

interface Changes {
  readonly expect?: string
  readonly disk?: Partial<VectorOf<'root'>['disk']>
  readonly object?: Buffer
  readonly packageKey?: Buffer
}

function vector(about: string, size: number, pages: readonly PageRef[], changes: Changes = {}): VectorOf<'root'> {
  const sealed = sealRoot(packageKey, 'system', size, pages)
  const object = changes.object ?? sealed.bytes
  return {
    kind: 'root',
    about,
    packageKey: (changes.packageKey ?? packageKey).toString('hex'),
    disk: { name: 'system', size, root: hash('sha256', object, 'hex'), ...changes.disk },
    pages: pages.map((entry) => ({ ...entry, key: Buffer.from(entry.key).toString('hex') })),
    object: object.toString('base64'),
    expect: changes.expect ?? 'ok',
  }
}

/** Seals `plain` as the root page of `system`, whatever is in it. */
function sealedPlain(plain: Buffer): Buffer {
  return encrypt('root', rootRef({ name: 'system', size: 4096, root: '' }, packageKey).key, plain)
}

export function rootVectors(): Named<'root'> {
  const two = [page('first', 512), page('second', 1)]
  const refused = { expect: 'root-altered' }
  const size = region + 4096
  const good = sealRoot(packageKey, 'system', size, two).bytes
  const flipped = Buffer.from(good)
  flipped.writeUInt8(flipped.readUInt8(20) ^ 128, 20)
  const otherSize = Buffer.alloc(8)
  otherSize.writeBigUInt64BE(8192n)
  return {
    'two-regions': vector('a disk of 128 MiB and one block', size, two),
    'one-block': vector('the smallest disk', 4096, [page('only', 1)]),
    'another-object': vector('the manifest names another object', size, two, { ...refused, disk: { root: secret('another').toString('hex') } }),
    'flipped-bit': vector('one bit is flipped and the name is right for it', size, two, { ...refused, object: flipped }),
    truncated: vector('the last entry is missing', size, two, { ...refused, object: good.subarray(0, -72) }),
    'another-package-key': vector('the key of another package', size, two, { ...refused, packageKey: secret('another package') }),
    'another-disk': vector('the root page of another disk', size, two, { ...refused, disk: { name: 'user' } }),
    'another-size': vector('the size within differs from the manifest', 4096, [page('only', 1)], {
      ...refused,
      object: sealedPlain(Buffer.concat([otherSize, encodeEntry(page('only', 1), 1)])),
    }),
    'page-of-no-entries': vector('a page without entries', 4096, [page('only', 0)], refused),
    'page-of-too-many-entries': vector('a page with more entries than the region has blocks', 4096, [page('only', 2)], refused),
    'page-too-long': vector('a page object longer than its entries can be', 4096, [page('only', 1, 4113)], refused),
  }
}
