// SPDX-License-Identifier: Apache-2.0
//
// A hand-over file as `casemate-admin export` writes it: a tar of `handover.json`, what the console would serve as metadata and targets,
// and objects. Nothing in it is believed here but the names of objects, which are the SHA-256 of their bytes.
import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { extract } from 'tar-stream'
import { forEachConcurrent } from '../concurrent.ts'
import { PackageError } from '../error.ts'
import { mostObjectBytes } from '../store/object-store.ts'
import { type HandoverHead, headFile, objectsDigest, parseHead } from './head.ts'
import type { HandoverFiles } from './open.ts'
import { incomplete, invalid, unreadable } from './refusal.ts'

export interface ObjectSink {
  put(name: string, bytes: Uint8Array): Promise<unknown>
}

export interface Handover<Sink extends ObjectSink> {
  readonly head: HandoverHead
  /** Where its objects went. */
  readonly sink: Sink
  /** By `metadata/...` and `targets/...`. */
  readonly files: ReadonlyMap<string, Uint8Array>
  /** Names. */
  readonly objects: ReadonlySet<string>
}

const concurrentPuts = 8
/** Of metadata and targets together, which stay in memory. */
const mostFileBytes = 67_108_864

/**
 * @param open says where its objects go, before the first one; what it throws ends the reading.
 * @throws PackageError `handover-unreadable`, `handover-invalid`, `handover-incomplete`; what the sink throws.
 */
export async function readHandover<Sink extends ObjectSink>(
  from: HandoverFiles,
  open: (head: HandoverHead) => Promise<Sink>,
): Promise<Handover<Sink>> {
  const files = new Map<string, Uint8Array>()
  const objects = new Set<string>()
  const entries = entriesOf(from, files)
  try {
    const first = await entries.next()
    const bytes = files.get(headFile)
    if (bytes === undefined)
      throw first.done === true ? incomplete(`it has no \`${headFile}\``) : invalid(`\`${headFile}\` does not come before its objects`)
    const head = parseHead(bytes)
    const sink = await open(head)
    await forEachConcurrent(startingWith(first, entries), concurrentPuts, async ({ name, bytes: object }) => {
      if (objects.has(name)) throw invalid(`the object \`${name}\` is in it twice`)
      objects.add(name)
      await sink.put(name, object)
    })
    if (objects.size !== head.objects.count || objectsDigest(objects) !== head.objects.sha256) {
      throw incomplete(`expected its ${head.objects.count} objects, found ${objects.size}`)
    }
    return { head, sink, files, objects }
  } finally {
    await entries.return(undefined)
  }
}

async function* startingWith(
  first: IteratorResult<HandedObject, undefined>,
  rest: AsyncGenerator<HandedObject, undefined>,
): AsyncGenerator<HandedObject> {
  if (first.done !== true) yield first.value
  yield* rest
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

interface HandedObject {
  readonly name: string
  readonly bytes: Buffer
}

/** Gives out the objects; the other files go into `files`. */
async function* entriesOf(from: HandoverFiles, files: Map<string, Uint8Array>): AsyncGenerator<HandedObject, undefined> {
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
  } catch (cause) {
    throw nameFault(cause)
  } finally {
    source.destroy()
  }
}

function nameFault(cause: unknown): unknown {
  if (cause instanceof PackageError || !(cause instanceof Error)) return cause
  if (cause.message === 'Unexpected end of data') return incomplete('it ends too early', cause)
  return invalid(`it is no tar: ${cause.message}`, cause)
}
