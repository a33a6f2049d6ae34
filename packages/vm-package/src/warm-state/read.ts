// SPDX-License-Identifier: Apache-2.0
//
// A warm state as its reader has it: nothing of a piece is given out before its length, its name and its tag were right, and `fetch`
// checks all of them before anything is used.
import { blockBytes } from '../chunk/cut.ts'
import { openObject } from '../chunk/open.ts'
import { forEachConcurrent } from '../concurrent.ts'
import { ByteLru } from '../read/byte-lru.ts'
import type { ObjectSource } from '../store/object-store.ts'
import {
  type BlockRun,
  blocksOf,
  fetchHead,
  missingPart,
  payloadBytes,
  pieceBytes,
  pieceLength,
  pieceRef,
  type SizedDisk,
  type WarmHead,
} from './head.ts'

const concurrentPieces = 4
/** Opened pieces in memory: all of a small desktop, so that it is opened once. */
const heldBytes = 67_108_864

/** @throws PackageError `warm-state-missing`, `warm-state-altered`, `warm-state-invalid`; what the source throws. */
export async function openWarmState(
  source: Pick<ObjectSource, 'get'>,
  manifest: { readonly disks: readonly SizedDisk[]; readonly warmState: { readonly sha256: string } },
  packageKey: Uint8Array,
): Promise<WarmState> {
  return new WarmState(source, await fetchHead(source, manifest.warmState.sha256, packageKey, manifest.disks))
}

export class WarmState {
  readonly #source: Pick<ObjectSource, 'get'>
  readonly #head: WarmHead
  readonly #opened = new ByteLru<Buffer>(heldBytes)

  constructor(source: Pick<ObjectSource, 'get'>, head: WarmHead) {
    this.#source = source
    this.#head = head
  }

  /** What it was taken from, in the engine's words. */
  get machine(): string {
    return this.#head.machine
  }

  /** What it consists of besides its head. */
  get pieces(): WarmHead['pieces'] {
    return this.#head.pieces
  }

  /** Every piece, each verified. @throws PackageError `warm-state-missing`, `warm-state-altered`; what the source throws. */
  async fetch(): Promise<void> {
    await forEachConcurrent(this.#head.pieces.keys(), concurrentPieces, async (at) => void (await this.piece(at)))
  }

  /** Blocks of the disk that were written, rising. */
  runs(disk: string): readonly BlockRun[] {
    return this.#head.disks.find(({ name }) => name === disk)?.runs ?? []
  }

  /** Of the written blocks of a disk, counted without the gaps between them: `count`, after `skip`. */
  async blocks(disk: string, skip: number, count: number): Promise<Buffer> {
    let offset = skip * blockBytes
    for (const { name, runs } of this.#head.disks) {
      if (name === disk) break
      offset += blocksOf(runs) * blockBytes
    }
    return this.#read(offset, count * blockBytes)
  }

  /** What the engine saved. */
  async *state(): AsyncGenerator<Uint8Array> {
    const end = payloadBytes(this.#head)
    for (let at = end - this.#head.stateBytes; at < end; ) {
      const length = Math.min(pieceBytes - (at % pieceBytes), end - at)
      yield await this.#read(at, length)
      at += length
    }
  }

  async #read(offset: number, length: number): Promise<Buffer> {
    const parts: Buffer[] = []
    for (let at = offset; at < offset + length; ) {
      const from = at % pieceBytes
      const taken = Math.min(pieceBytes - from, offset + length - at)
      parts.push((await this.piece(Math.floor(at / pieceBytes))).subarray(from, from + taken))
      at += taken
    }
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts)
  }

  /** @throws PackageError `warm-state-missing`, `warm-state-altered`; what the source throws. */
  async piece(at: number): Promise<Buffer> {
    const piece = this.#head.pieces[at]
    if (piece === undefined) throw new RangeError(`the warm state has no piece ${at}`)
    const held = this.#opened.get(piece.name)
    if (held !== undefined) return held
    const object = await this.#source.get(piece.name, piece.storedLength)
    if (object === null) throw missingPart(piece.name)
    const plain = openObject('warm-state', object, pieceRef(piece), pieceLength(this.#head, at))
    this.#opened.set(piece.name, plain, plain.length)
    return plain
  }
}
