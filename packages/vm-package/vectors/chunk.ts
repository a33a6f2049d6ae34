// SPDX-License-Identifier: Apache-2.0
import { hash } from 'node:crypto'
import { zstdCompressSync } from 'node:zlib'
import { encodeMessage } from '../src/chunk/codec.ts'
import { sealMessage } from '../src/chunk/seal.ts'
import { blocksOf, type Content, type Named, secret, type VectorOf } from './vector.ts'

const orgKey = secret('organisation')
const text: Content = [{ repeat: 97, blocks: 16 }]
const random: Content = [{ seed: 'incompressible', blocks: 1 }]
const plainOf = (plain: Content): Buffer => Buffer.concat([...blocksOf(plain)])

interface Changes {
  readonly expect?: string
  readonly object?: Buffer
  readonly ref?: Partial<VectorOf<'chunk'>['ref']>
}

function vector(about: string, plain: Content, message: Uint8Array, changes: Changes = {}): VectorOf<'chunk'> {
  const { name, key, bytes } = sealMessage('chunk', orgKey, message)
  const ref = { name, key: key.toString('hex'), storedLength: bytes.length, ...changes.ref }
  const object = (changes.object ?? bytes).toString('base64')
  return { kind: 'chunk', about, orgKey: orgKey.toString('hex'), plain, object, ref, expect: changes.expect ?? 'ok' }
}

/** A message of one unit, written by hand. */
function message(codec: number, payload: Uint8Array, declared = payload.length, padding = 0): Buffer {
  const bytes = Buffer.alloc(Math.ceil((5 + payload.length) / 4096) * 4096, padding)
  bytes.writeUInt8(codec, 0)
  bytes.writeUInt32BE(declared, 1)
  bytes.set(payload, 5)
  return bytes
}

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes)
  copy.writeUInt8(copy.readUInt8(at) ^ 1, at)
  return copy
}

export async function chunkVectors(): Promise<Named<'chunk'>> {
  const good = encodeMessage(plainOf(text))
  const frame = zstdCompressSync(plainOf(text))
  const sealed = sealMessage('chunk', orgKey, good)
  const refused = { expect: 'chunk-altered' }
  const badTag = flipped(sealed.bytes, sealed.bytes.length - 1)
  const asPage = sealMessage('page', orgKey, good)
  return {
    zstd: vector('16 equal blocks, codec 1', text, good),
    raw: vector('one block that zstd does not shrink, codec 0', random, encodeMessage(plainOf(random))),
    'raw-though-compressible': vector('a writer may leave compression out', [{ repeat: 97, blocks: 1 }], message(0, Buffer.alloc(4096, 97))),
    'flipped-bit': vector('one bit of the ciphertext is flipped', text, good, { ...refused, object: flipped(sealed.bytes, 100) }),
    'flipped-tag': vector('one bit of the tag is flipped and the name is right for it', text, good, {
      ...refused,
      object: badTag,
      ref: { name: hash('sha256', badTag, 'hex') },
    }),
    truncated: vector('the last byte is missing', text, good, { ...refused, object: sealed.bytes.subarray(0, -1) }),
    empty: vector('there are no bytes at all', text, good, { ...refused, object: Buffer.alloc(0) }),
    'wrong-stored-length': vector('the index gives another stored length', text, good, {
      ...refused,
      ref: { storedLength: sealed.bytes.length + 1 },
    }),
    'wrong-key': vector('the index gives another key', text, good, { ...refused, ref: { key: secret('another').toString('hex') } }),
    'page-as-chunk': vector('an index page where a chunk is expected', text, good, {
      ...refused,
      object: asPage.bytes,
      ref: { name: asPage.name, key: asPage.key.toString('hex') },
    }),
    'unknown-codec': vector('codec 2 does not exist', text, message(2, frame), refused),
    'payload-beyond-message': vector('the payload length points beyond the message', text, message(1, frame, 5000), refused),
    'too-much-padding': vector('a whole unit of padding more than needed', text, Buffer.concat([good, Buffer.alloc(4096)]), refused),
    'padding-not-zero': vector('the padding is not zero', text, message(1, frame, frame.length, 7), refused),
    'zstd-grows-beyond': vector('a frame of 1 MiB where 64 KiB are expected', text, message(1, zstdCompressSync(Buffer.alloc(1_048_576))), refused),
    'zstd-too-short': vector('a frame of 60 KiB where 64 KiB are expected', text, message(1, zstdCompressSync(Buffer.alloc(61_440, 97))), refused),
    'zstd-cut-off': vector('a frame without its end', text, message(1, frame.subarray(0, -3)), refused),
    'zstd-followed-by-bytes': vector('bytes after the frame', text, message(1, Buffer.concat([frame, Buffer.from('more')])), refused),
    'raw-too-short': vector('codec 0 with fewer bytes than the index promises', text, message(0, Buffer.alloc(4000, 97)), refused),
  }
}
