// SPDX-License-Identifier: Apache-2.0

/** Keeps what was used last, up to `limit` bytes; a single value larger than that is not kept. */
export class ByteLru<V> {
  readonly #entries = new Map<string, { readonly value: V; readonly bytes: number }>()
  readonly #limit: number
  readonly #onGone: (key: string, value: V) => void
  #held = 0

  /** @param onGone told of every value that is kept no more, whatever the reason. */
  constructor(limit: number, onGone: (key: string, value: V) => void = () => undefined) {
    this.#limit = limit
    this.#onGone = onGone
  }

  get(key: string): V | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    // A Map gives its keys in the order of insertion: the first is the one not used for longest.
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    return entry.value
  }

  set(key: string, value: V, bytes: number): void {
    this.delete(key)
    if (bytes > this.#limit) {
      this.#onGone(key, value)
      return
    }
    this.#entries.set(key, { value, bytes })
    this.#held += bytes
    for (const oldest of this.#entries.keys()) {
      if (this.#held <= this.#limit) break
      this.delete(oldest)
    }
  }

  delete(key: string): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    this.#entries.delete(key)
    this.#held -= entry.bytes
    this.#onGone(key, entry.value)
  }

  clear(): void {
    for (const key of [...this.#entries.keys()]) this.delete(key)
  }
}
