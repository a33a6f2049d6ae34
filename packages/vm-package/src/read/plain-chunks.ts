// SPDX-License-Identifier: Apache-2.0
//
// Verified plain chunks in memory, up to a limit. One that leaves is overwritten with zeros, or goes to the scratch file, encrypted, if it
// was read here and there. Both happen one turn of the event loop later: whoever is given a chunk copies from it in the turn in which
// it gets it.
import { release } from '../chunk/release.ts'
import { ByteLru } from './byte-lru.ts'
import type { Scratch } from './scratch.ts'

interface Held {
  readonly bytes: Buffer
  scattered: boolean
}

export class PlainChunks {
  readonly #held: ByteLru<Held>
  readonly #scratch: Scratch | null
  readonly #leaving: (Held & { readonly name: string })[] = []
  #closed = false

  constructor(limitBytes: number, scratch: Scratch | null) {
    this.#held = new ByteLru(limitBytes, (name, held) => this.#leave(name, held))
    this.#scratch = scratch
  }

  /** @param scattered the reader wants a small piece of it and does not go on from one it read before. */
  get(name: string, scattered: boolean): Buffer | undefined {
    const held = this.#held.get(name)
    if (held !== undefined && scattered) held.scattered = true
    return held?.bytes
  }

  /** Whether `copy` may have it. */
  has(name: string): boolean {
    return this.#held.get(name) !== undefined || this.#scratch?.has(name) === true
  }

  /** Copies `into.length` bytes at `from` of a chunk, from memory or scratch. @returns false when it is in neither. */
  copy(name: string, from: number, into: Buffer, scattered: boolean): boolean {
    const bytes = this.get(name, scattered)
    if (bytes === undefined) return this.#scratch?.read(name, from, into) === true
    bytes.copy(into, 0, from, from + into.length)
    return true
  }

  /** Takes `bytes` over, which own their memory. */
  add(name: string, bytes: Buffer, scattered: boolean): void {
    const held = { bytes, scattered }
    if (this.#closed) this.#leave(name, held)
    else this.#held.set(name, held, bytes.length)
  }

  /** Forgets everything. */
  async close(): Promise<void> {
    this.#closed = true
    this.#held.clear()
    await this.#scratch?.close()
  }

  #leave(name: string, held: Held): void {
    if (this.#leaving.length === 0) setImmediate(() => this.#letGo())
    this.#leaving.push({ name, ...held })
  }

  #letGo(): void {
    for (const { name, bytes, scattered } of this.#leaving.splice(0)) {
      const { buffer, byteOffset, byteLength } = bytes
      if (scattered && this.#scratch !== null && !this.#closed && buffer instanceof ArrayBuffer) {
        this.#scratch.keep(name, new Uint8Array(buffer, byteOffset, byteLength))
        continue
      }
      bytes.fill(0)
      if (buffer instanceof ArrayBuffer) release(new Uint8Array(buffer))
    }
  }
}
