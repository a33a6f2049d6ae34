// SPDX-License-Identifier: Apache-2.0
//
// What a recorded boot ended with, from the session host's file into the store. The file is the session host's word about a VM that ran
// in it, so it is read with as little trust as anything else that crosses a border.
import { openState } from '@casemate/engine/state-open'
import type { Manifest } from '@casemate/vm-package/manifest'
import type { ObjectStore } from '@casemate/vm-package/object-store'
import { sealWarmState } from '@casemate/vm-package/warm-state-seal'
import { z } from 'zod'

const mostDescriptionBytes = 4_194_304

const description = z.strictObject({
  format: z.literal('casemate-warm-capture-1'),
  machine: z.string(),
  disks: z.array(z.strictObject({ name: z.string(), runs: z.array(z.tuple([z.int(), z.int()])) })),
})

export interface WarmCapture {
  readonly file: string
  /** Of the boot's own instance. */
  readonly instanceKey: Uint8Array
  readonly manifest: Manifest
  readonly packageKey: Uint8Array
  readonly store: Pick<ObjectStore, 'put' | 'sync'>
}

/**
 * @returns the name of the warm state's head.
 * @throws EngineError `state-altered`; PackageError `warm-state-invalid`, `store-unwritable`; z.ZodError, SyntaxError for another file
 */
export async function takeWarmCapture({ file, instanceKey, manifest, packageKey, store }: WarmCapture): Promise<string> {
  const bytes = new Bytes(await openState({ path: file, key: instanceKey, binding: 'casemate-warm-capture-1' }))
  const length = (await bytes.take(4)).readUInt32BE(0)
  if (length > mostDescriptionBytes) throw new Error(`expected a description of at most ${mostDescriptionBytes} bytes, found ${length}`)
  const { machine, disks } = description.parse(JSON.parse((await bytes.take(length)).toString('utf8')))
  return sealWarmState({ machine, disks, payload: bytes.rest() }, packageKey, manifest.disks, store)
}

/** Bytes that come in pieces of any length. */
class Bytes {
  readonly #pieces: AsyncIterator<Uint8Array>
  #held: Buffer = Buffer.alloc(0)

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.asyncIterator]()
  }

  async take(length: number): Promise<Buffer> {
    while (this.#held.length < length) {
      const next = await this.#pieces.next()
      if (next.done === true) throw new Error(`expected ${length} bytes, found ${this.#held.length}`)
      this.#held = Buffer.concat([this.#held, next.value])
    }
    const taken = this.#held.subarray(0, length)
    this.#held = this.#held.subarray(length)
    return taken
  }

  async *rest(): AsyncGenerator<Uint8Array> {
    yield this.#held
    yield* { [Symbol.asyncIterator]: () => this.#pieces }
  }
}
