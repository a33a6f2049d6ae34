// SPDX-License-Identifier: Apache-2.0
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { encodeMessage } from '../src/chunk/codec.ts'
import { openObject, openSealed } from '../src/chunk/open.ts'
import { sealMessage } from '../src/chunk/seal.ts'
import { encodeTemplate, fetchTemplate, sealTemplate } from '../src/customization/template.ts'
import { PackageError } from '../src/error.ts'
import { decodeEntries, encodeEntries, entryBytes } from '../src/index/pages.ts'
import { decodeRoot, rootRef, sealRoot } from '../src/index/root.ts'
import { unwrapPackageKey, wrapPackageKey } from '../src/keys.ts'
import { openManifest } from '../src/manifest.ts'
import { encodePrefetchList, fetchPrefetchList } from '../src/prefetch/list.ts'
import { fetchScripts, sealScripts } from '../src/scripts/package-scripts.ts'
import { openWarmState, type WarmState } from '../src/warm-state/read.ts'
import { sealWarmState } from '../src/warm-state/seal.ts'
import { runsOf } from '../vectors/cut.ts'
import { makeVectors } from '../vectors/generate.ts'
import { blocksOf, type Vector, type VectorOf, vector } from '../vectors/vector.ts'

const folder = join(import.meta.dirname, '../vectors')
const paths = (await readdir(folder, { recursive: true })).filter((path) => path.endsWith('.json')).sort()
const hex = (text: string): Buffer => Buffer.from(text, 'hex')
const refOf = ({ name, key, storedLength }: VectorOf<'chunk'>['ref']) => ({ name, key: hex(key), storedLength })

/** `ok`, or the code of the refusal. */
async function outcomeOf(act: () => unknown): Promise<string> {
  try {
    await act()
    return 'ok'
  } catch (error) {
    if (error instanceof PackageError) return error.code
    throw error
  }
}

async function read(given: Vector): Promise<string> {
  switch (given.kind) {
    case 'cut':
      expect(runsOf(given.disk)).toEqual(given.runs)
      return 'ok'
    case 'chunk':
      return await outcomeOf(async () => {
        const plain = Buffer.concat([...blocksOf(given.plain)])
        expect(await openObject('chunk', Buffer.from(given.object, 'base64'), refOf(given.ref), plain.length)).toEqual(plain)
      })
    case 'page':
      return await outcomeOf(() => readPage(given))
    case 'root':
      return await outcomeOf(() => {
        const plain = openSealed('root', Buffer.from(given.object, 'base64'), rootRef(given.disk, hex(given.packageKey)))
        expect(decodeRoot(plain, given.disk)).toEqual(given.pages.map(({ entries, ...page }) => ({ ...refOf(page), entries })))
      })
    case 'manifest':
      return await outcomeOf(() => openManifest(Buffer.from(given.text), given.sha256))
    case 'customization':
      return await outcomeOf(async () => {
        const source = { has: async () => true, get: async () => Buffer.from(given.object, 'base64') }
        expect((await fetchTemplate(source, given.name, hex(given.packageKey))).files).toEqual(given.files)
      })
    case 'scripts':
      return await outcomeOf(async () => {
        const source = { get: async () => Buffer.from(given.object, 'base64') }
        expect(await fetchScripts(source, { names: given.names, sha256: given.name }, hex(given.packageKey))).toEqual(given.scripts)
      })
    case 'warm-state':
      return await outcomeOf(async () => {
        const objects = new Map(Object.entries({ ...given.pieces, [given.name]: given.head }))
        const source = { get: async (name: string) => (objects.has(name) ? Buffer.from(objects.get(name) ?? '', 'base64') : null) }
        const warm = await openWarmState(source, { disks: given.disks, warmState: { sha256: given.name } }, hex(given.packageKey))
        await warm.fetch()
        expect([warm.machine, given.disks.map(({ name }) => ({ name, runs: warm.runs(name) }))]).toEqual([given.machine, given.written])
        expect(await payloadOf(given, warm)).toEqual(Buffer.concat([...blocksOf(given.blocks), Buffer.from(given.state, 'base64')]))
      })
    case 'prefetch':
      return await outcomeOf(async () => {
        const source = { get: async () => Buffer.from(given.object, 'base64') }
        expect((await fetchPrefetchList(source, given.name)).chunks).toEqual(given.chunks)
      })
    case 'key':
      return await outcomeOf(() => {
        expect(Buffer.from(unwrapPackageKey(hex(given.orgKey), Buffer.from(given.file), given.manifest))).toEqual(hex(given.packageKey))
      })
  }
}

async function payloadOf({ written }: VectorOf<'warm-state'>, warm: WarmState): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for (const { name, runs } of written) {
    parts.push(
      await warm.blocks(
        name,
        0,
        runs.reduce((sum, [, count]) => sum + count, 0),
      ),
    )
  }
  for await (const part of warm.state()) parts.push(part)
  return Buffer.concat(parts)
}

async function readPage(given: VectorOf<'page'>): Promise<void> {
  const page = await openObject('page', Buffer.from(given.object, 'base64'), refOf(given.ref), given.entries * entryBytes)
  const entries = decodeEntries(page, given.regionBlocks, (why) => new PackageError('page-altered', why))
  expect(entries).toEqual(runsOfPage(given))
}

const runsOfPage = ({ runs }: VectorOf<'page'>) =>
  runs.map(({ blocks, object }) => ({ blocks, object: object === null ? null : { ...object, key: hex(object.key) } }))

/** A valid vector's bytes made once more from what it describes, as a writer would. */
async function write(given: Vector): Promise<unknown> {
  switch (given.kind) {
    case 'cut':
      return given.runs
    case 'chunk':
      return sealMessage('chunk', hex(given.orgKey), encodeMessage(Buffer.concat([...blocksOf(given.plain)]))).bytes.toString('base64')
    case 'page':
      return sealMessage('page', hex(given.orgKey), encodeMessage(encodeEntries(runsOfPage(given)))).bytes.toString('base64')
    case 'root': {
      const pages = given.pages.map(({ entries, ...page }) => ({ ...refOf(page), entries }))
      return sealRoot(hex(given.packageKey), given.disk.name, given.disk.size, pages).bytes.toString('base64')
    }
    case 'manifest':
      return given.text
    case 'customization':
      return sealTemplate(hex(given.packageKey), encodeTemplate(given.files)).bytes.toString('base64')
    case 'scripts':
      return sealScripts(hex(given.packageKey), given.scripts).bytes.toString('base64')
    case 'warm-state': {
      const made: Record<string, string> = {}
      const store = {
        put: async (name: string, bytes: Uint8Array | AsyncIterable<Uint8Array>) => {
          if (bytes instanceof Uint8Array) made[name] = Buffer.from(bytes).toString('base64')
          return true
        },
        sync: async () => undefined,
      }
      const payload = Readable.from([...blocksOf(given.blocks), Buffer.from(given.state, 'base64')])
      await sealWarmState({ machine: given.machine, disks: given.written, payload }, hex(given.packageKey), given.disks, store)
      return made
    }
    case 'prefetch':
      return encodePrefetchList({ format: 'casemate-prefetch-1', chunks: given.chunks }).toString('base64')
    case 'key':
      return wrapPackageKey(hex(given.orgKey), hex(given.packageKey), given.manifest, hex(given.nonce)).toString()
  }
}

function writtenForm(given: Vector): unknown {
  if (given.kind === 'cut') return given.runs
  if (given.kind === 'manifest') return given.text
  if (given.kind === 'warm-state') return { ...given.pieces, [given.name]: given.head }
  return given.kind === 'key' ? given.file : given.object
}

describe('the vectors', () => {
  it('regenerate byte for byte', async () => {
    const made = await makeVectors()
    expect(paths).toEqual([...made.keys()].sort())
    for (const [path, text] of made) expect(await readFile(join(folder, path), 'utf8'), path).toBe(text)
  })

  it('hold a valid one and refused ones of every kind that can be refused', async () => {
    const outcomes = new Map<string, Set<string>>()
    for (const text of (await makeVectors()).values()) {
      const given = vector.parse(JSON.parse(text))
      const outcome = given.kind === 'cut' || given.expect === 'ok' ? 'ok' : 'refused'
      outcomes.set(given.kind, (outcomes.get(given.kind) ?? new Set()).add(outcome))
    }
    const both = new Set(['ok', 'refused'])
    expect(Object.fromEntries(outcomes)).toEqual({
      cut: new Set(['ok']),
      chunk: both,
      page: both,
      root: both,
      manifest: both,
      customization: both,
      scripts: both,
      'warm-state': both,
      prefetch: both,
      key: both,
    })
  })

  it('refuse a key that the harness does not know', () => {
    const known = { kind: 'cut', about: 'nothing at all', disk: [], runs: [] }
    expect(vector.safeParse(known).success).toBe(true)
    expect(vector.safeParse({ ...known, note: '' }).success).toBe(false)
  })
})

/** A writer may leave compression out; ours does not. */
const others = new Set(['chunk/raw-though-compressible.json'])
const given = await Promise.all(paths.map(async (path) => ({ path, given: vector.parse(JSON.parse(await readFile(join(folder, path), 'utf8'))) })))
const valid = given.filter((entry) => !others.has(entry.path) && (entry.given.kind === 'cut' || entry.given.expect === 'ok'))

describe.each(given)('vector $path', ({ given }) => {
  it('reads as it says', async () => {
    expect(await read(given)).toBe(given.kind === 'cut' ? 'ok' : given.expect)
  })
})

describe.each(valid)('vector $path', ({ given }) => {
  it('is what our writer makes', async () => {
    expect(await write(given)).toEqual(writtenForm(given))
  })
})
