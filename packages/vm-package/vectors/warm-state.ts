// SPDX-License-Identifier: Apache-2.0
import { hash } from 'node:crypto'
import { encodeMessage } from '../src/chunk/codec.ts'
import { sealMessage } from '../src/chunk/seal.ts'
import { sealHeadDocument, warmKey } from '../src/warm-state/head.ts'
import { blocksOf, type Content, type Named, secret, type VectorOf } from './vector.ts'

const packageKey = secret('package')
const disks = [
  { name: 'system', size: 65_536 },
  { name: 'user', size: 8192 },
]
const machine = 'v86 0.5.462; 128 MiB; system 65536; user 8192; network none'
type Written = VectorOf<'warm-state'>['written']
const written: Written = [
  {
    name: 'system',
    runs: [
      [2, 2],
      [15, 1],
    ],
  },
  { name: 'user', runs: [] },
]
const blocks: Content = [
  { seed: 'written', blocks: 2 },
  { repeat: 0, blocks: 1 },
]
const state = Buffer.from('what the engine saved')

/** The one piece of the payload. */
async function sealPiece() {
  const payload = Buffer.concat([...blocksOf(blocks), state])
  return sealMessage('warm-state', warmKey(packageKey), encodeMessage(payload))
}

interface Changes {
  readonly expect?: string
  readonly name?: string
  readonly packageKey?: Buffer
  readonly head?: Buffer
  readonly pieces?: Readonly<Record<string, Buffer>>
}

export async function warmStateVectors(): Promise<Named<'warm-state'>> {
  const piece = await sealPiece()
  const document = {
    format: 'casemate-warm-state-1',
    machine,
    disks: written,
    stateBytes: state.length,
    pieces: [{ name: piece.name, key: piece.key.toString('hex'), storedLength: piece.bytes.length }],
  }
  const head = sealHeadDocument(packageKey, Buffer.from(JSON.stringify(document))).bytes
  const vector = (about: string, changes: Changes = {}): VectorOf<'warm-state'> => {
    const found = changes.head ?? head
    return {
      kind: 'warm-state',
      about,
      packageKey: (changes.packageKey ?? packageKey).toString('hex'),
      disks,
      name: changes.name ?? hash('sha256', found, 'hex'),
      machine,
      written,
      blocks,
      state: state.toString('base64'),
      head: found.toString('base64'),
      pieces: Object.fromEntries(
        Object.entries(changes.pieces ?? { [piece.name]: piece.bytes }).map(([name, bytes]) => [name, bytes.toString('base64')]),
      ),
      expect: changes.expect ?? 'ok',
    }
  }
  /** A head that is sealed as it should be and says what it must not. */
  const sealed = (about: string, changed: object) =>
    vector(about, {
      head: sealHeadDocument(packageKey, Buffer.from(JSON.stringify({ ...document, ...changed }))).bytes,
      expect: 'warm-state-invalid',
    })
  const runs = (...found: [number, number][]) => ({ disks: [{ name: 'system', runs: found }, ...written.slice(1)] })
  const [only] = document.pieces
  return {
    'two-disks': vector('three blocks of one disk, none of the other, and a state'),
    'flipped-bit': vector('one bit of the head is another one', {
      name: hash('sha256', head, 'hex'),
      head: flipped(head),
      expect: 'warm-state-altered',
    }),
    'flipped-digest': vector('a head that was named after the digest before it was changed', {
      head: flipped(head, 3),
      expect: 'warm-state-altered',
    }),
    'another-object': vector('not the object that the manifest names', { name: secret('another').toString('hex'), expect: 'warm-state-altered' }),
    'another-package-key': vector('the key of another package', { packageKey: secret('another package'), expect: 'warm-state-altered' }),
    'too-short': vector('less than a digest and a tag', { head: head.subarray(0, 40), expect: 'warm-state-altered' }),
    'piece-flipped-bit': vector('one bit of a piece is another one', {
      pieces: { [piece.name]: flipped(piece.bytes) },
      expect: 'warm-state-altered',
    }),
    'piece-truncated': vector('the end of a piece is missing', {
      pieces: { [piece.name]: piece.bytes.subarray(0, -1) },
      expect: 'warm-state-altered',
    }),
    'piece-missing': vector('a piece that the store does not have', { pieces: {}, expect: 'warm-state-missing' }),
    'unknown-key': sealed('a field that this format does not have', { clock: 0 }),
    'another-format': sealed('a format of the future', { format: 'casemate-warm-state-2' }),
    'machine-not-ascii': sealed('a machine in other letters', { machine: 'v86 – 128 MiB' }),
    'another-disk': sealed('a disk that the package does not have', { disks: [{ name: 'data', runs: [] }, ...written.slice(1)] }),
    'a-disk-missing': sealed('one disk where the package has two', { disks: written.slice(0, 1) }),
    'beyond-the-disk': sealed('a block behind the end of its disk', runs([2, 2], [16, 1])),
    'runs-overlap': sealed('a block that is written twice', runs([2, 2], [3, 1])),
    'runs-fall': sealed('runs that do not rise', runs([15, 1], [2, 2])),
    'run-of-no-blocks': sealed('a run without a block', runs([2, 3], [15, 0])),
    'no-state': sealed('blocks without a state', { stateBytes: 0 }),
    'too-many-pieces': sealed('more pieces than the payload fills', { pieces: [only, only] }),
    'piece-of-no-length': sealed('a piece of a length that nothing of its content has', { pieces: [{ ...only, storedLength: 4096 }] }),
  }
}

function flipped(bytes: Buffer, at = 40): Buffer {
  const changed = Buffer.from(bytes)
  changed.writeUInt8(changed.readUInt8(at) ^ 1, at)
  return changed
}
