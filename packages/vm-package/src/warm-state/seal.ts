// SPDX-License-Identifier: Apache-2.0
//
// Sealing a warm state into the store, piece by piece as it comes: memory stays bounded whatever its size. The head comes last.

import { encodeMessage } from '../chunk/codec.ts'
import { blockBytes } from '../chunk/cut.ts'
import { sealMessage } from '../chunk/seal.ts'
import { PackageError } from '../error.ts'
import type { ObjectStore } from '../store/object-store.ts'
import { blocksOf, pieceBytes, type SizedDisk, sealHead, type WarmContent, type WarmHead, warmKey } from './head.ts'

export interface WarmSource extends Pick<WarmContent, 'disks'> {
  /** In the engine's words. */
  readonly machine: string
  /** Blocks in the order of `disks`, then the state that the engine saved, in pieces of any length. */
  readonly payload: AsyncIterable<Uint8Array>
}

/**
 * @param disks of the manifest.
 * @returns the name of the head.
 * @throws PackageError `warm-state-invalid`, `store-unwritable`; what the payload throws.
 */
export async function sealWarmState(
  source: WarmSource,
  packageKey: Uint8Array,
  disks: readonly SizedDisk[],
  store: Pick<ObjectStore, 'put' | 'sync'>,
): Promise<string> {
  const pieces: WarmHead['pieces'] = []
  const key = warmKey(packageKey)
  let bytes = 0
  for await (const piece of cut(source.payload)) {
    bytes += piece.length
    const sealed = sealMessage('warm-state', key, encodeMessage(piece))
    await store.put(sealed.name, sealed.bytes)
    pieces.push({ name: sealed.name, key: sealed.key.toString('hex'), storedLength: sealed.bytes.length })
  }
  const stateBytes = bytes - source.disks.reduce((sum, { runs }) => sum + blocksOf(runs) * blockBytes, 0)
  if (stateBytes < 1) throw new PackageError('warm-state-invalid', `expected blocks and a state behind them, found ${bytes} bytes`)
  const written = source.disks.map(({ name, runs }) => ({ name, runs: runs.map(([first, count]): [number, number] => [first, count]) }))
  const head = sealHead(packageKey, { format: 'casemate-warm-state-1', machine: source.machine, disks: written, stateBytes, pieces }, disks)
  await store.put(head.name, head.bytes)
  await store.sync()
  return head.name
}

async function* cut(payload: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held = Buffer.allocUnsafe(pieceBytes)
  let used = 0
  for await (const part of payload) {
    for (let at = 0; at < part.length; ) {
      const taken = part.subarray(at, at + pieceBytes - used)
      held.set(taken, used)
      used += taken.length
      at += taken.length
      if (used < pieceBytes) continue
      yield held
      held = Buffer.allocUnsafe(pieceBytes)
      used = 0
    }
  }
  if (used > 0) yield held.subarray(0, used)
}
