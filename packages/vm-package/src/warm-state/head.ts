// SPDX-License-Identifier: Apache-2.0
//
// The head of a warm state: which machine it was taken from, which blocks of the disks that machine had written by then, and the pieces
// that hold these blocks and the machine's memory. The manifest names it; it holds the names and keys of the pieces.
import { hash, hkdfSync } from 'node:crypto'
import { z } from 'zod'
import { decrypt, encrypt, messageKey, tagBytes } from '../chunk/cipher.ts'
import { blockBytes } from '../chunk/cut.ts'
import { altered, checkSealed, isObjectLength, type ObjectRef } from '../chunk/open.ts'
import { PackageError } from '../error.ts'
import { diskName, type ManifestDisk, maxDiskBytes } from '../manifest.ts'
import type { ObjectSource } from '../store/object-store.ts'
import { parseStrictJson } from '../strict-json.ts'

/** Of the payload; the last piece may be shorter. */
export const pieceBytes = 4_194_304
const mostPieces = 1024
const mostRuns = 65_536
const mostHeadBytes = 4_194_304
const digestBytes = 32

const hex32 = z.string().regex(/^[0-9a-f]{64}$/)
const mostBlocks = maxDiskBytes / blockBytes

export type SizedDisk = Pick<ManifestDisk, 'name' | 'size'>

/** First block and how many. */
export type BlockRun = readonly [first: number, count: number]

/** What makes the payload. */
export interface WarmContent {
  readonly disks: readonly { readonly name: string; readonly runs: readonly BlockRun[] }[]
  readonly stateBytes: number
}

export const blocksOf = (runs: readonly BlockRun[]): number => runs.reduce((sum, [, count]) => sum + count, 0)

export function payloadBytes({ disks, stateBytes }: WarmContent): number {
  return disks.reduce((sum, { runs }) => sum + blocksOf(runs) * blockBytes, 0) + stateBytes
}

export function pieceLength(content: WarmContent, at: number): number {
  return Math.min(pieceBytes, payloadBytes(content) - at * pieceBytes)
}

const warmHead = z
  .strictObject({
    format: z.literal('casemate-warm-state-1'),
    /** In the engine's words: engine, version, hardware. It fits where the same words come out. */
    machine: z.string().regex(/^[\x20-\x7e]{1,1024}$/),
    /** As in the manifest; runs are of blocks that were written, rising. */
    disks: z.array(
      z.strictObject({
        name: diskName,
        runs: z.array(
          z.tuple([
            z
              .int()
              .min(0)
              .max(mostBlocks - 1),
            z.int().min(1).max(mostBlocks),
          ]),
        ),
      }),
    ),
    /** Of the state that the engine saved: the payload is the blocks in the order of `disks`, then this. */
    stateBytes: z
      .int()
      .min(1)
      .max(mostPieces * pieceBytes),
    pieces: z
      .array(z.strictObject({ name: hex32, key: hex32, storedLength: z.int().min(1) }))
      .min(1)
      .max(mostPieces),
  })
  .refine(({ disks }) => disks.reduce((sum, { runs }) => sum + runs.length, 0) <= mostRuns, `expected at most ${mostRuns} runs`)
  .refine(({ disks }) => disks.every(({ runs }) => isRising(runs)), 'expected runs that rise and do not overlap')
  .refine((head) => head.pieces.length === Math.ceil(payloadBytes(head) / pieceBytes), 'expected pieces that hold exactly the payload')
  .refine(
    (head) => head.pieces.every(({ storedLength }, at) => isObjectLength(storedLength, pieceLength(head, at))),
    'expected pieces of a length that their content can have',
  )

export type WarmHead = z.infer<typeof warmHead>

/** One key for all of a package's warm state; a message's own key follows from it and from the message. */
export function warmKey(packageKey: Uint8Array): Buffer {
  return Buffer.from(hkdfSync('sha256', packageKey, Buffer.alloc(0), 'casemate-warm-state-v1', 32))
}

/** @returns the object, SHA-256 of the document | ciphertext | tag, and its name. @throws PackageError `warm-state-invalid` */
export function sealHead(packageKey: Uint8Array, head: WarmHead, disks: readonly SizedDisk[]): { readonly name: string; readonly bytes: Buffer } {
  const document = Buffer.from(JSON.stringify(head))
  parseHead(document, disks)
  return sealHeadDocument(packageKey, document)
}

/** Whatever `document` holds. */
export function sealHeadDocument(packageKey: Uint8Array, document: Uint8Array): { readonly name: string; readonly bytes: Buffer } {
  const digest = hash('sha256', document, 'buffer')
  const bytes = Buffer.concat([digest, encrypt('warm-state', messageKey('warm-state', warmKey(packageKey), digest), document)])
  return { name: hash('sha256', bytes, 'hex'), bytes }
}

/**
 * @param name as the manifest has it. @param disks of the manifest.
 * @throws PackageError `warm-state-missing`, `warm-state-altered`, `warm-state-invalid`; what the source throws.
 */
export async function fetchHead(
  source: Pick<ObjectSource, 'get'>,
  name: string,
  packageKey: Uint8Array,
  disks: readonly SizedDisk[],
): Promise<WarmHead> {
  const object = await source.get(name, digestBytes + mostHeadBytes + tagBytes)
  if (object === null) throw missingPart(name)
  // Its length is not known beforehand; its name covers it.
  checkSealed('warm-state', object, { name, storedLength: Math.max(object.length, digestBytes + tagBytes) })
  const key = messageKey('warm-state', warmKey(packageKey), object.subarray(0, digestBytes))
  let document: Buffer
  try {
    document = decrypt('warm-state', key, object.subarray(digestBytes))
  } catch (cause) {
    throw altered('warm-state', name, 'its key does not open it', cause)
  }
  return parseHead(document, disks)
}

export function pieceRef({ name, key, storedLength }: WarmHead['pieces'][number]): ObjectRef {
  return { name, key: Buffer.from(key, 'hex'), storedLength }
}

export function missingPart(object: string): PackageError {
  return new PackageError('warm-state-missing', `\`${object}\` of the warm state cannot be had`, undefined, { object })
}

function parseHead(document: Uint8Array, disks: readonly SizedDisk[]): WarmHead {
  const refuse = (why: string, cause?: unknown) => new PackageError('warm-state-invalid', `the warm state is refused: ${why}`, cause)
  let head: WarmHead
  try {
    head = warmHead.parse(parseStrictJson(document, mostHeadBytes))
  } catch (cause) {
    throw refuse(cause instanceof z.ZodError ? z.prettifyError(cause) : cause instanceof PackageError ? cause.message : 'it cannot be read', cause)
  }
  const fits = (disk: SizedDisk, at: number) => {
    const [first = 0, count = 0] = head.disks[at]?.runs.at(-1) ?? []
    return head.disks[at]?.name === disk.name && (first + count) * blockBytes <= disk.size
  }
  if (head.disks.length !== disks.length || !disks.every(fits)) throw refuse('expected the disks of the manifest, and blocks within them')
  return head
}

function isRising(runs: readonly BlockRun[]): boolean {
  return runs.every(([first], at) => {
    const [before = 0, count = 0] = runs[at - 1] ?? []
    return first >= before + count
  })
}
