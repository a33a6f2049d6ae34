// SPDX-License-Identifier: Apache-2.0
import { hash } from 'node:crypto'
import { encodePrefetchList, type PrefetchList } from '../src/prefetch/list.ts'
import { type Named, secret, type VectorOf } from './vector.ts'

const chunks: PrefetchList['chunks'] = [
  [0, 0],
  [1, 7],
  [0, 4_294_967_295],
  [7, 0],
  [0, 0],
]
const list = encodePrefetchList({ format: 'casemate-prefetch-1', chunks })

function vector(about: string, expect: string, object: Buffer, name = hash('sha256', object, 'hex')): VectorOf<'prefetch'> {
  return { kind: 'prefetch', about, name, chunks, object: object.toString('base64'), expect }
}

/** A list that is named as it should be and says what it must not. */
const refused = (about: string, text: string) => vector(about, 'prefetch-invalid', Buffer.from(text))
const changed = (about: string, part: object) => refused(about, JSON.stringify({ format: 'casemate-prefetch-1', chunks, ...part }))

export function prefetchVectors(): Named<'prefetch'> {
  return {
    'five-chunks': vector('the first and the last disk and block that can be, and one chunk twice', 'ok', list),
    'flipped-bit': vector('one bit of a block number is another one', 'prefetch-altered', flipped(list), hash('sha256', list, 'hex')),
    'another-object': vector('not the object that the manifest names', 'prefetch-altered', list, secret('another').toString('hex')),
    'unknown-key': changed('a field that this format does not have', { seconds: 60 }),
    'another-format': changed('a format of the future', { format: 'casemate-prefetch-2' }),
    'no-chunk': changed('no chunk at all', { chunks: [] }),
    'ninth-disk': changed('a disk beyond the eight that a package can have', { chunks: [[8, 0]] }),
    'block-beyond': changed('a block beyond the largest disk', { chunks: [[0, 4_294_967_296]] }),
    'negative-block': changed('a block before the first', { chunks: [[0, -1]] }),
    'half-a-block': changed('a block that is no whole number', { chunks: [[0, 1.5]] }),
    'block-missing': changed('a disk without a block', { chunks: [[0]] }),
    'three-numbers': changed('a third number beside disk and block', { chunks: [[0, 1, 1]] }),
    'one-key-twice': refused('one field twice', '{"format": "casemate-prefetch-1", "chunks": [[0, 0]], "chunks": [[0, 1]]}'),
  }
}

/** The digit of the first block number, `0`, becomes `1`: still a list that could be read. */
function flipped(bytes: Buffer): Buffer {
  const text = bytes.toString()
  const at = text.indexOf('[[0,0]') + '[[0,'.length
  const other = Buffer.from(bytes)
  other.writeUInt8(other.readUInt8(at) ^ 1, at)
  return other
}
