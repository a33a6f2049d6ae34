// SPDX-License-Identifier: Apache-2.0
//
// Compresses, encrypts and names the runs of a batch, one after the other, so that whoever runs it keeps one processor busy and the
// compressor's memory in its cache; writes what is new where the store lets threads write.
import { encodeMessage } from '../chunk/codec.ts'
import { sealMessage } from '../chunk/seal.ts'
import { writeAside } from '../store/folder-intake.ts'
import type { ObjectToStore, SealWorkerData, Task } from './task.ts'

/** @throws PackageError `store-unwritable` */
export async function sealTask({ orgKey, place }: SealWorkerData, { kind, buffer, runs }: Task): Promise<readonly ObjectToStore[]> {
  const objects: ObjectToStore[] = []
  for (const { at, length } of runs) {
    const { name, key, bytes } = sealMessage(kind, orgKey, await encodeMessage(Buffer.from(buffer, at, length)))
    const facts = { name, key: new Uint8Array(key), storedLength: bytes.length }
    // Small buffers share their memory with others, which must not be moved away with them: hence the copy.
    if (place === null) objects.push({ ...facts, bytes: new Uint8Array(bytes), aside: null })
    else objects.push({ ...facts, bytes: null, aside: writeAside(place, name, bytes) })
  }
  return objects
}
