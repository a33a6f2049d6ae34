// SPDX-License-Identifier: Apache-2.0
//
// The prefetch list: in which order the first boot reads its chunks. It is an object in clear, named by the approved manifest, and only a
// hint: it says which blocks to fetch first, never what is in them.
import { hash } from 'node:crypto'
import { z } from 'zod'
import { blockBytes } from '../chunk/cut.ts'
import { PackageError } from '../error.ts'
import { encodeManifest, type Manifest, maxDiskBytes } from '../manifest.ts'
import type { ObjectSource, ObjectStore } from '../store/object-store.ts'
import { parseStrictJson } from '../strict-json.ts'

export const mostPrefetchBytes = 4_194_304
export const mostPrefetchChunks = 200_000

const prefetchList = z.strictObject({
  format: z.literal('casemate-prefetch-1'),
  /** A disk, by its place in the manifest, and a block of it: the chunk that holds it is wanted. */
  chunks: z
    .array(
      z.tuple([
        z.int().min(0).max(7),
        z
          .int()
          .min(0)
          .max(maxDiskBytes / blockBytes - 1),
      ]),
    )
    .min(1)
    .max(mostPrefetchChunks),
})

export type PrefetchList = z.infer<typeof prefetchList>

/** @throws PackageError `prefetch-invalid` */
export function encodePrefetchList(list: PrefetchList): Buffer {
  const bytes = Buffer.from(`${JSON.stringify({ format: list.format, chunks: list.chunks })}\n`)
  parsePrefetchList(bytes)
  return bytes
}

/** @throws PackageError `prefetch-invalid` */
export function parsePrefetchList(bytes: Uint8Array): PrefetchList {
  try {
    return prefetchList.parse(parseStrictJson(bytes, mostPrefetchBytes))
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : cause instanceof PackageError ? cause.message : 'it cannot be read'
    throw new PackageError('prefetch-invalid', `the prefetch list is refused: ${why}`, cause)
  }
}

/** @throws PackageError `prefetch-missing`, `prefetch-altered`, `prefetch-invalid`; what `source` throws. */
export async function fetchPrefetchList(source: Pick<ObjectSource, 'get'>, sha256: string): Promise<PrefetchList> {
  const bytes = await source.get(sha256, mostPrefetchBytes)
  if (bytes === null) throw new PackageError('prefetch-missing', `the prefetch list \`${sha256}\` cannot be had`, undefined, { object: sha256 })
  const found = hash('sha256', bytes, 'hex')
  if (found !== sha256) {
    throw new PackageError('prefetch-altered', `expected a prefetch list with the SHA-256 \`${sha256}\`, found \`${found}\``, undefined, {
      object: sha256,
    })
  }
  return parsePrefetchList(bytes)
}

/**
 * Stores the list and names it in the manifest of a package that is not approved yet: its disks and their key stay.
 * @returns the bytes of the new manifest, to be approved in place of the old ones.
 * @throws PackageError `prefetch-invalid`, `manifest-invalid`, `store-unwritable`.
 */
export async function addPrefetchList(manifest: Manifest, list: PrefetchList, store: Pick<ObjectStore, 'put' | 'sync'>): Promise<Buffer> {
  const bytes = encodePrefetchList(list)
  const sha256 = hash('sha256', bytes, 'hex')
  await store.put(sha256, bytes)
  await store.sync()
  return encodeManifest({ ...manifest, prefetch: { sha256 } })
}
