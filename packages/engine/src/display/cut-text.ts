// SPDX-License-Identifier: Apache-2.0
import { EngineError } from '../error.ts'
import { type ByteReader, viewOf } from './byte-reader.ts'

/**
 * The length in the 7 bytes behind the type of a cut text, either direction.
 * @throws EngineError `rfb-protocol` when negative: QEMU's and TigerVNC's extended clipboard, which was never offered.
 */
export function cutTextLength(head: Uint8Array): number {
  const length = viewOf(head).getInt32(3)
  if (length < 0) throw new EngineError('rfb-protocol', `a cut text of \`${length}\` bytes: the extended clipboard was not offered`)
  return length
}

/** Judged before a byte is kept and again when the last has come, since the policy may have changed meanwhile. */
export async function readCutText(
  from: ByteReader,
  bytes: number,
  judge: () => 'allowed' | 'refused' | 'too-large',
): Promise<Uint8Array | 'refused' | 'too-large'> {
  const before = judge()
  if (before !== 'allowed') {
    await from.skip(bytes)
    return before
  }
  const text = await from.exactly(bytes)
  const after = judge()
  return after === 'allowed' ? text : after
}
