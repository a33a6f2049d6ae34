// SPDX-License-Identifier: Apache-2.0

/** Prepared statements by their text, the least recently used one given up first. */
export class StatementCache<S> {
  readonly #capacity: number
  readonly #statements = new Map<string, S>()

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get(sql: string): S | undefined {
    const statement = this.#statements.get(sql)
    if (statement !== undefined) {
      this.#statements.delete(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }

  /** Keeps `statement`; gives back the one that fell out, for the caller to finalize. */
  add(sql: string, statement: S): S | undefined {
    this.#statements.set(sql, statement)
    if (this.#statements.size <= this.#capacity) return undefined
    for (const [oldest, evicted] of this.#statements) {
      this.#statements.delete(oldest)
      return evicted
    }
    return undefined
  }

  /** Empties the cache and gives back everything that was in it. */
  drain(): readonly S[] {
    const statements = [...this.#statements.values()]
    this.#statements.clear()
    return statements
  }
}
