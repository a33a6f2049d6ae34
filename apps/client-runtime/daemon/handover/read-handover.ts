// SPDX-License-Identifier: Apache-2.0
//
// A hand-over file as `casemate-admin export` writes it: a tar of `handover.json`, what the console would serve as metadata and targets,
// and objects. Nothing in it is believed here but the names of objects, which are the SHA-256 of their bytes.
import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { parseStrictJson } from '@casemate/policy/strict-json'
import { forEachConcurrent } from '@casemate/vm-package/concurrent'
import { PackageError } from '@casemate/vm-package/error'
import { mostObjectBytes, type ObjectStore } from '@casemate/vm-package/object-store'
import { extract } from 'tar-stream'
import { z } from 'zod'
import { RuntimeError } from '../error.ts'
import { sha256Of } from '../update/verified-copy.ts'
import type { HandoverFiles } from './open-handover.ts'

const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const handover = z.strictObject({
  format: z.literal('casemate-handover-1'),
  desktop: z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/),
  serial: z.int().min(1),
  /** Path of the release among the targets. */
  release: z.string().max(200),
  /** Of the manifest. */
  package: sha256,
  objects: z.strictObject({
    count: z.int().min(1),
    /** Of their names, in their order, each with a line feed. */
    sha256,
  }),
})

export interface Handover {
  readonly head: z.infer<typeof handover>
  /** By `metadata/...` and `targets/...`. */
  readonly files: ReadonlyMap<string, Uint8Array>
  /** Names. */
  readonly objects: ReadonlySet<string>
}

const headFile = 'handover.json'
const concurrentPuts = 8
/** Of metadata and targets together, which stay in memory. */
const mostFileBytes = 67_108_864

/**
 * Puts every object of it into `store`.
 * @throws RuntimeError `handover-unreadable`, `handover-invalid`, `handover-incomplete`; PackageError `object-altered`, `store-unwritable`.
 */
export async function readHandover(from: HandoverFiles, store: ObjectStore): Promise<Handover> {
  const files = new Map<string, Uint8Array>()
  const objects = new Set<string>()
  try {
    await forEachConcurrent(entriesOf(from, files), concurrentPuts, async ({ name, bytes }) => {
      if (objects.has(name)) throw invalid(`the object \`${name}\` is in it twice`)
      objects.add(name)
      await store.put(name, bytes)
    })
  } catch (cause) {
    throw nameFault(cause)
  }
  const bytes = files.get(headFile)
  if (bytes === undefined) throw incomplete('it has no `handover.json`')
  const head = parseHead(bytes)
  const names = [...objects].sort()
  const found = sha256Of(Buffer.from(names.map((name) => `${name}\n`).join('')))
  if (names.length !== head.objects.count || found !== head.objects.sha256) {
    throw incomplete(`expected its ${head.objects.count} objects, found ${names.length}`)
  }
  return { head, files, objects }
}

/** The bytes of the files, one after the other. */
async function* bytesOf({ paths }: HandoverFiles): AsyncGenerator<Buffer> {
  for (const path of paths) {
    try {
      yield* createReadStream(path)
    } catch (cause) {
      throw unreadable(path, cause)
    }
  }
}

/** Gives out the objects; the other files go into `files`. */
async function* entriesOf(from: HandoverFiles, files: Map<string, Uint8Array>): AsyncGenerator<{ readonly name: string; readonly bytes: Buffer }> {
  const source = Readable.from(bytesOf(from))
  const tar = extract()
  source.on('error', (error) => tar.destroy(error))
  source.pipe(tar)
  let held = 0
  try {
    for await (const entry of tar) {
      const { name, size = 0, type } = entry.header
      if (type !== 'file') throw invalid(`\`${name}\` is no file`)
      const object = /^objects\/(?<name>[0-9a-f]{64})$/.exec(name)?.groups?.name
      if (object === undefined) held += size
      if (object === undefined ? held > mostFileBytes : size > mostObjectBytes) throw invalid(`\`${name}\` is too large`)
      const bytes = await buffer(entry)
      if (object !== undefined) yield { name: object, bytes }
      else if (files.has(name)) throw invalid(`\`${name}\` is in it twice`)
      else if (name === headFile || /^(?:metadata|targets)\/[\w.+/-]+$/.test(name)) files.set(name, bytes)
      else throw invalid(`\`${name}\` does not belong into it`)
    }
  } finally {
    source.destroy()
  }
}

function parseHead(bytes: Uint8Array): Handover['head'] {
  try {
    return handover.parse(parseStrictJson(bytes, { maxBytes: 65_536, maxDepth: 4 }))
  } catch (cause) {
    throw invalid('its `handover.json` cannot be read', cause)
  }
}

function nameFault(cause: unknown): unknown {
  if (cause instanceof RuntimeError || cause instanceof PackageError || !(cause instanceof Error)) return cause
  if (cause.message === 'Unexpected end of data') return incomplete('it ends too early', cause)
  return invalid(`it is no tar: ${cause.message}`, cause)
}

export function unreadable(path: string, cause: unknown): RuntimeError {
  return new RuntimeError('handover-unreadable', `\`${path}\` cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
}

export function invalid(why: string, cause?: unknown): RuntimeError {
  return new RuntimeError('handover-invalid', `expected a file of \`casemate-admin export\`: ${why}`, { cause })
}

export function incomplete(why: string, cause?: unknown): RuntimeError {
  return new RuntimeError('handover-incomplete', `the file is not whole: ${why}`, { cause })
}
