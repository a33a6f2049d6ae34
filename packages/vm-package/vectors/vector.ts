// SPDX-License-Identifier: Apache-2.0
//
// What a vector holds; a key that is not listed here fails the harness. Bytes are hex, longer ones base64. `expect` is `ok` or the
// code of the refusal, and a refused vector has exactly one thing wrong with it.
import { hash } from 'node:crypto'
import { z } from 'zod'

const hex32 = z.string().regex(/^[0-9a-f]{64}$/)
const expected = z.string().regex(/^[a-z]+(-[a-z]+)*$/)
const about = z.string().min(10)
const ref = z.strictObject({ name: hex32, key: hex32, storedLength: z.int() })
const run = z.strictObject({ blocks: z.int(), object: ref.nullable() })

/**
 * Blocks of 4096 bytes one after the other. `seed`: block number i (from 0) is the SHA-256 of `<seed>|<i>|<j>` for j = 0 to 127.
 * `repeat`: each byte of the block has this value.
 */
const content = z.array(z.union([z.strictObject({ seed: z.string(), blocks: z.int() }), z.strictObject({ repeat: z.int(), blocks: z.int() })]))

const cut = z.strictObject({
  kind: z.literal('cut'),
  about,
  disk: content,
  runs: z.array(z.strictObject({ zero: z.boolean(), blocks: z.int() })),
})
const chunk = z.strictObject({ kind: z.literal('chunk'), about, orgKey: hex32, plain: content, object: z.base64(), ref, expect: expected })
const page = z.strictObject({
  kind: z.literal('page'),
  about,
  orgKey: hex32,
  regionBlocks: z.int(),
  runs: z.array(run),
  entries: z.int(),
  object: z.base64(),
  ref,
  expect: expected,
})
const root = z.strictObject({
  kind: z.literal('root'),
  about,
  packageKey: hex32,
  disk: z.strictObject({ name: z.string(), size: z.int(), root: hex32 }),
  pages: z.array(z.strictObject({ ...ref.shape, entries: z.int() })),
  object: z.base64(),
  expect: expected,
})
const manifest = z.strictObject({ kind: z.literal('manifest'), about, text: z.string(), sha256: hex32, expect: expected })
const customization = z.strictObject({
  kind: z.literal('customization'),
  about,
  packageKey: hex32,
  /** Of the object. */
  name: hex32,
  files: z.array(z.strictObject({ name: z.string(), text: z.string() })),
  object: z.base64(),
  expect: expected,
})
const scripts = z.strictObject({
  kind: z.literal('scripts'),
  about,
  packageKey: hex32,
  /** Of the object, and of what it should hold. */
  name: hex32,
  names: z.array(z.string()),
  scripts: z.array(z.strictObject({ name: z.string(), text: z.string() })),
  object: z.base64(),
  expect: expected,
})
const warmState = z.strictObject({
  kind: z.literal('warm-state'),
  about,
  packageKey: hex32,
  /** Of the manifest. */
  disks: z.array(z.strictObject({ name: z.string(), size: z.int() })),
  /** Of the head. */
  name: hex32,
  machine: z.string(),
  written: z.array(z.strictObject({ name: z.string(), runs: z.array(z.tuple([z.int(), z.int()])) })),
  /** All that was written, one after the other. */
  blocks: content,
  state: z.base64(),
  head: z.base64(),
  /** By name. */
  pieces: z.record(hex32, z.base64()),
  expect: expected,
})
const prefetch = z.strictObject({
  kind: z.literal('prefetch'),
  about,
  /** Of the object. */
  name: hex32,
  /** Disk and block, in the order of the list. */
  chunks: z.array(z.tuple([z.int(), z.int()])),
  object: z.base64(),
  expect: expected,
})
const key = z.strictObject({
  kind: z.literal('key'),
  about,
  orgKey: hex32,
  packageKey: hex32,
  manifest: hex32,
  nonce: z.string().regex(/^[0-9a-f]{48}$/),
  file: z.string(),
  expect: expected,
})

export const vector = z.discriminatedUnion('kind', [cut, chunk, page, root, manifest, customization, scripts, warmState, prefetch, key])
export type Vector = z.infer<typeof vector>
export type VectorOf<K extends Vector['kind']> = Extract<Vector, { kind: K }>
/** By file name without `.json`, within the folder of the kind. */
export type Named<K extends Vector['kind']> = Readonly<Record<string, VectorOf<K>>>
export type Content = z.infer<typeof content>

/** The blocks that `content` stands for. */
export function* blocksOf(content: Content): Generator<Buffer> {
  for (const part of content) {
    for (let index = 0; index < part.blocks; index += 1) {
      yield 'seed' in part ? seededBlock(part.seed, index) : Buffer.alloc(4096, part.repeat)
    }
  }
}

function seededBlock(seed: string, index: number): Buffer {
  return Buffer.concat(Array.from({ length: 128 }, (_, part) => hash('sha256', `${seed}|${index}|${part}`, 'buffer')))
}

/** 32 bytes that a name stands for. */
export const secret = (name: string): Buffer => hash('sha256', name, 'buffer')
