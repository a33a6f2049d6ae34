// SPDX-License-Identifier: Apache-2.0
import { encodeMessage } from '../src/chunk/codec.ts'
import { sealMessage } from '../src/chunk/seal.ts'
import { type Entry, encodeEntries } from '../src/index/pages.ts'
import { type Named, secret, type VectorOf } from './vector.ts'

const orgKey = secret('organisation')
const stored = (name: string, storedLength = 4112) => ({ name: secret(`${name} name`).toString('hex'), key: secret(`${name} key`), storedLength })
const zeros = (blocks: number): Entry => ({ blocks, object: null })
const data = (blocks: number, name = 'chunk'): Entry => ({ blocks, object: stored(name) })

interface Changes {
  readonly expect?: string
  readonly page?: Buffer
  readonly count?: number
  readonly kind?: 'chunk'
}

async function vector(about: string, regionBlocks: number, runs: readonly Entry[], changes: Changes = {}): Promise<VectorOf<'page'>> {
  const page = changes.page ?? encodeEntries(runs)
  const { name, key, bytes } = sealMessage(changes.kind ?? 'page', orgKey, encodeMessage(page))
  return {
    kind: 'page',
    about,
    orgKey: orgKey.toString('hex'),
    regionBlocks,
    runs: runs.map(({ blocks, object }) => ({
      blocks,
      object: object === null ? null : { ...object, key: Buffer.from(object.key).toString('hex') },
    })),
    entries: changes.count ?? runs.length,
    object: bytes.toString('base64'),
    ref: { name, key: key.toString('hex'), storedLength: bytes.length },
    expect: changes.expect ?? 'ok',
  }
}

export async function pageVectors(): Promise<Named<'page'>> {
  const good = [data(16, 'first'), zeros(3), data(1, 'second')]
  const refused = { expect: 'page-altered' }
  const whole = encodeEntries(good)
  return {
    mixed: await vector('two chunks with a run of zeros between them', 20, good),
    'all-zero': await vector('a region of zeros is one entry', 32_768, [zeros(32_768)]),
    'covers-too-little': await vector('the entries cover less than the region', 21, good, refused),
    'covers-too-much': await vector('the entries cover more than the region', 19, good, refused),
    'chunk-as-page': await vector('sealed as a chunk', 20, good, { ...refused, kind: 'chunk' }),
    'half-an-entry': await vector('the page ends within an entry', 20, good, { ...refused, page: whole.subarray(0, -8) }),
    'another-count': await vector('the root promises another number of entries', 20, good, { ...refused, count: 2 }),
    'chunk-of-257-blocks': await vector('a chunk of more than 256 blocks', 257, [data(257)], refused),
    'chunk-of-no-blocks': await vector('a chunk of no blocks', 16, [data(0), data(16)], refused),
    'zero-run-of-no-blocks': await vector('a run of no zeros', 16, [zeros(0), data(16)], refused),
    'two-zero-runs': await vector('two runs of zeros that should be one', 20, [zeros(5), zeros(15)], refused),
    'object-too-long': await vector('an object longer than its blocks can be', 1, [{ blocks: 1, object: stored('long', 8209) }], refused),
    'object-of-no-length': await vector('a name without a stored length', 1, [{ blocks: 1, object: stored('none', 0) }], refused),
  }
}
